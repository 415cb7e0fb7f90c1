import type { Entity } from '../../core/connector/connector.ts';
import type { DateTimeFormat, Field, FilterParameter } from '../../core/connector/fields.ts';
import { own } from '../../core/connector/own.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Json } from '../../core/ports.ts';
import type { FieldType } from '../../core/records.ts';
import type { FilterCondition, PullWindow } from '../../core/source.ts';
import { isExact, parseMoment, unitOf, writeMoment } from './moments.ts';
import { parametersInBody } from './window-parameters.ts';

export interface PushDown {
  readonly query: ReadonlyMap<string, Json>;
  /** Rendered comparisons of the entity's search. */
  readonly comparisons: readonly Json[];
  /** Holes of the path that request parameters fill. */
  readonly holes: Readonly<Record<string, string>>;
  /** The list's window, where a request parameter sets it. */
  readonly window: PullWindow | undefined;
  /** Indexes of the conditions that the vendor applies exactly as the engine would. */
  readonly applied: readonly number[];
}

/**
 * The conditions that the vendor can apply, as parameters and as comparisons of its search. What is not sent, or not compared
 * exactly, is left to the engine.
 *
 * @param entity as the run lists it: with the connector's search, and what its window changes
 * @param taken parameters that the pull window needs
 * @throws InvalidArgument for a request parameter of the vendor that is missing, or has a wrong operator or value
 */
export function pushDown(
  entity: Entity,
  conditions: readonly FilterCondition[],
  taken: ReadonlySet<string>,
  at: string,
): PushDown {
  const query = new Map<string, Json>();
  const comparisons: Json[] = [];
  const holes: Record<string, string> = {};
  const applied: number[] = [];
  let window: PullWindow | undefined;
  const typed = parametersInBody(entity);
  for (const [index, condition] of conditions.entries()) {
    const name = condition.field;
    const parameter = own(entity.parameters, name);
    const field = parameter ?? own(entity.fields, name);
    if (parameter) checkParameter(parameter, condition, `${at}.${name}`);
    const filter = field?.filters?.[condition.operator];
    if (parameter && name === entity.incremental?.parameter) {
      window = windowOf(condition, `${at}.${name}`);
      applied.push(index);
    } else if (parameter && filter === undefined) {
      holes[name] = condition.values[0] ?? '';
      applied.push(index);
    } else if (field && filter !== undefined) {
      const exact = typeof filter !== 'object' || filter.exact !== false;
      const texts = textsOf(field, condition, exact, parameter !== undefined);
      if (parameter && !texts) throw noMoment(condition, `${at}.${name}`);
      const sent = texts && send(filter, field, condition, texts, parameter !== undefined);
      if (sent && (exact || parameter)) applied.push(index);
    }
  }
  for (const [name, { required }] of Object.entries(entity.parameters ?? {})) {
    if (!required || conditions.some(({ field }) => field === name)) continue;
    throw new TributaryError('InvalidArgument', 'the vendor needs this request parameter', {
      at: `${at}.${name}`,
      fix: 'add a Filter task that sets it',
    });
  }
  return { query, comparisons, holes, window, applied };

  /** Whether the vendor is asked. */
  function send(
    filter: FilterParameter,
    field: Field,
    condition: FilterCondition,
    texts: readonly string[],
    isParameter: boolean,
  ): boolean {
    if (typeof filter === 'object' && 'from' in filter) {
      const [lower, upper] = texts;
      if (lower === undefined || upper === undefined) return false;
      return setAll({ [filter.from]: jsonOf(field, lower), [filter.to]: jsonOf(field, upper) }, isParameter);
    }
    const { param, render } = typeof filter === 'string' ? { param: filter } : filter === true ? {} : filter;
    if (param !== undefined) {
      // Several values mean OR, which a plain parameter cannot say.
      if (!render && !isParameter && texts.length !== 1) return false;
      const value = render ? render(texts) : joined(field, texts);
      return setAll({ [param]: value }, isParameter);
    }
    const comparison = entity.search?.condition({
      name: condition.field,
      path: field.at ?? condition.field,
      field,
      operator: condition.operator,
      values: texts,
    });
    if (comparison === undefined) return false;
    comparisons.push(comparison);
    return true;
  }

  function setAll(parameters: Readonly<Record<string, Json>>, isParameter: boolean): boolean {
    const known = Object.keys(parameters).find((param) => query.has(param) || taken.has(param));
    if (known !== undefined) {
      if (!isParameter) return false;
      throw new TributaryError('InvalidArgument', `the request parameter '${known}' can be set only once`, {
        at,
      });
    }
    for (const [param, value] of Object.entries(parameters)) query.set(param, value);
    return true;
  }

  function joined(field: Field, texts: readonly string[]): Json {
    if (typed && field.type === 'List') return texts;
    const [text = ''] = texts;
    return texts.length === 1 ? jsonOf(field, text) : texts.join(',');
  }

  function jsonOf({ type, format }: Field, text: string): Json {
    if (!typed) return text;
    if (type === 'Boolean') return text === 'true';
    const isNumber = kindOf(type) === 'number' || format === 'epochSeconds' || format === 'epochMilliseconds';
    return isNumber && Number.isSafeInteger(Number(text)) ? Number(text) : text;
  }
}

function checkParameter(parameter: Field, { operator, values }: FilterCondition, at: string): void {
  const known = Object.keys(parameter.filters ?? { EQUAL_TO: '' });
  if (!known.includes(operator)) {
    throw new TributaryError('InvalidArgument', 'a request parameter of the vendor can only be set', {
      at,
      got: operator,
      expected: known.join(' or '),
    });
  }
  const wrong = values.find((value) => parameter.values && !parameter.values.includes(value));
  if (wrong !== undefined) {
    throw new TributaryError('InvalidArgument', 'the vendor does not know this value', {
      at,
      got: wrong,
      expected: `one of ${parameter.values?.join(', ')}`,
    });
  }
}

function noMoment({ values }: FilterCondition, at: string): TributaryError {
  return new TributaryError('InvalidArgument', 'this is no moment', {
    at,
    got: values.join(', '),
    expected: 'a date or a moment in ISO 8601: 2024-05-01, 2024-05-01T10:00:00Z',
  });
}

/** The window that a BETWEEN filter sets, both of whose bounds are included. */
function windowOf({ values: [from = '', to = ''] }: FilterCondition, at: string): PullWindow {
  const [start, last] = [momentOf(from), momentOf(to)];
  if (start === undefined || last === undefined || start > last) {
    throw new TributaryError('InvalidArgument', 'this is no range of time', {
      at,
      got: `${from} to ${to}`,
      expected: 'two moments in ISO 8601',
    });
  }
  return { start, end: last + 1 };
}

function momentOf(text: string): number | undefined {
  return parseMoment(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
}

/** `undefined` if the vendor's comparison could differ from the engine's. */
function textsOf(
  field: Field,
  condition: FilterCondition,
  exact: boolean,
  isParameter: boolean,
): string[] | undefined {
  const { operator, type, values } = condition;
  const texts = values.map((value, index) => {
    if (isParameter && field.type !== 'DateTime') return value;
    // An empty value reads as "no filter" for most vendors. What sets a parameter is read as the parameter's type.
    if (value === '' || (!isParameter && kindOf(type) !== kindOf(field.type))) return undefined;
    if (field.values && !field.values.includes(value)) return undefined;
    if (field.type !== 'DateTime') return value;
    const upwards = operator === 'BETWEEN' ? index === 1 : operator.startsWith('LESS');
    const isBound = isParameter || (!exact && operator !== 'EQUAL_TO' && operator !== 'NOT_EQUAL_TO');
    return momentText(value, field.format ?? 'iso8601', isBound, upwards && !isParameter);
  });
  return texts.every((text) => text !== undefined) && texts.length > 0 ? texts : undefined;
}

/** @param isBound it may be moved outwards to what the format can say */
function momentText(
  value: string,
  format: DateTimeFormat,
  isBound: boolean,
  upwards: boolean,
): string | undefined {
  const moment = momentOf(value);
  if (moment === undefined) return undefined;
  const unit = unitOf(format);
  if (moment % unit === 0 && isExact(format)) return writeMoment(moment, format);
  return isBound ? writeMoment((upwards ? Math.ceil : Math.floor)(moment / unit) * unit, format) : undefined;
}

function kindOf(type: FieldType): string {
  const numbers: readonly FieldType[] = [
    'Short',
    'Integer',
    'Long',
    'BigInteger',
    'Float',
    'Double',
    'BigDecimal',
  ];
  return numbers.includes(type) ? 'number' : type;
}
