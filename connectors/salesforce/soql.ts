import type { FilterOperator, Search } from '#core';

/** Characters: https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_conditionexpression.htm */
const longestText = 4000;

const comparisons: { readonly [O in FilterOperator]?: string } = {
  LESS_THAN: '<',
  LESS_THAN_OR_EQUAL_TO: '<=',
  GREATER_THAN: '>',
  GREATER_THAN_OR_EQUAL_TO: '>=',
};

/**
 * https://developer.salesforce.com/docs/platform/salesforce-soql-sosl/guide/sforce-api-calls-soql-select-comparisonoperators.html
 *
 * @param param takes the query
 */
export function soql(param: string): Search {
  return {
    param,
    condition({ path, field, operator, values }) {
      const literals = values.map((value) => (field.type === 'String' ? quoted(value) : literal(value)));
      const [first, second] = literals;
      if (first === undefined || literals.includes(undefined)) return undefined;
      if (literals.some((one) => (one?.length ?? 0) > longestText)) return undefined;
      switch (operator) {
        case 'EQUAL_TO':
          return second === undefined ? `${path} = ${first}` : `${path} IN (${literals.join(', ')})`;
        case 'NOT_EQUAL_TO': {
          const differs =
            second === undefined ? `${path} != ${first}` : `${path} NOT IN (${literals.join(', ')})`;
          // Null is not equal to any value; whether != thinks so too, its page does not say. A checkbox is never null.
          return field.type === 'Boolean' ? differs : `(${differs} OR ${path} = null)`;
        }
        case 'BETWEEN':
          return `${path} >= ${first} AND ${path} <= ${second}`;
        case 'CONTAINS':
          return `(${values.map((value) => `${path} LIKE ${quoted(value, true)}`).join(' OR ')})`;
        default:
          return `${path} ${comparisons[operator]} ${first}`;
      }
    },
    expression(conditions, { entityName, paths, counts, limit }) {
      return [
        `SELECT ${counts ? 'COUNT()' : paths.join(', ')} FROM ${entityName}`,
        ...(conditions.length > 0 ? [`WHERE ${conditions.join(' AND ')}`] : []),
        ...(limit === undefined || counts ? [] : [`LIMIT ${limit}`]),
      ].join(' ');
    },
  };
}

const escapes: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};

/**
 * https://developer.salesforce.com/docs/platform/salesforce-soql-sosl/guide/sforce-api-calls-soql-select-quotedstringescapes.html
 *
 * @param within as a pattern that matches whatever contains the text
 */
function quoted(text: string, within = false): string {
  const escaped = text.replace(/[\\'"]/g, '\\$&').replace(/[\n\r\t\b\f]/g, (one) => escapes[one] ?? one);
  return within ? `'%${escaped.replace(/[%_]/g, '\\$&')}%'` : `'${escaped}'`;
}

/** Numbers, truth values, dates and moments stand without quotes; nothing else does. */
function literal(text: string): string | undefined {
  return /^(-?\d+(\.\d+)?|true|false|\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?)$/.test(text) ? text : undefined;
}
