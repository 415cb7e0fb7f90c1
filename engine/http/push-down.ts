import type { Entity } from '../../core/connector/connector.ts';
import type { Field, FilterParameter } from '../../core/connector/fields.ts';
import { own } from '../../core/connector/own.ts';
import { TributaryError } from '../../core/errors.ts';
import type { FieldType } from '../../core/records.ts';
import type { FilterCondition } from '../../core/source.ts';
import { isExact, parseMoment, unitOf, writeMoment } from './moments.ts';

export interface PushDown {
  readonly query: ReadonlyMap<string, string>;
  /** Indexes of the conditions that the vendor applies exactly as the engine would. */
  readonly applied: readonly number[];
}

/**
 * The conditions that the vendor can apply, as query parameters. What is not sent, or not compared exactly, is left to the
 * engine.
 *
 * @param taken parameters that the pull window needs
 * @throws InvalidArgument for a request parameter of the vendor with a wrong operator or value
 */
export function pushDown(
  entity: Entity,
  conditions: readonly FilterCondition[],
  taken: ReadonlySet<string>,
  at: string,
): PushDown {
  const query = new Map<string, string>();
  const applied: number[] = [];
  for (const [index, condition] of conditions.entries()) {
    const parameter = own(entity.parameters, condition.field);
    const field = own(entity.fields, condition.field);
    const filter = (parameter ?? field)?.filters?.[condition.operator];
    if (parameter) checkParameter(parameter, condition, `${at}.${condition.field}`);
    if (filter === undefined) continue;
    const { param, exact } = parameterOf(filter);
    const text = parameter ? condition.values.join(',') : parameterText(field, condition, exact);
    if (text === undefined || query.has(param) || taken.has(param)) {
      if (parameter) {
        throw new TributaryError('InvalidArgument', `the request parameter '${param}' can be set only once`, {
          at,
        });
      }
      continue;
    }
    query.set(param, text);
    if (exact || parameter) applied.push(index);
  }
  return { query, applied };
}

function parameterOf(filter: FilterParameter): { param: string; exact: boolean } {
  return typeof filter === 'string' ? { param: filter, exact: true } : filter;
}

function checkParameter(parameter: Field, condition: FilterCondition, at: string): void {
  if (condition.operator !== 'EQUAL_TO') {
    throw new TributaryError('InvalidArgument', 'a request parameter of the vendor can only be set', {
      at,
      got: condition.operator,
      expected: 'EQUAL_TO',
    });
  }
  const wrong = condition.values.find((value) => parameter.values && !parameter.values.includes(value));
  if (wrong !== undefined) {
    throw new TributaryError('InvalidArgument', 'the vendor does not know this value', {
      at,
      got: wrong,
      expected: `one of ${parameter.values?.join(', ')}`,
    });
  }
}

/** `undefined` if the vendor's comparison could differ from the engine's. */
function parameterText(
  field: Field | undefined,
  { type, values, operator }: FilterCondition,
  exact: boolean,
): string | undefined {
  const [value] = values;
  // Several values mean OR, which one parameter cannot say; an empty one reads as "no filter" for most vendors.
  if (!field || values.length !== 1 || !value || kindOf(type) !== kindOf(field.type)) return undefined;
  if (field.values && !field.values.includes(value)) return undefined;
  if (field.type !== 'DateTime') return value;
  const format = field.format ?? 'iso8601';
  const moment = parseMoment(value);
  if (moment === undefined) return undefined;
  if (moment % unitOf(format) === 0 && isExact(format)) return writeMoment(moment, format);
  if (exact || operator === 'EQUAL_TO' || operator === 'NOT_EQUAL_TO') return undefined;
  const round = operator.startsWith('LESS') ? Math.ceil : Math.floor;
  return writeMoment(round(moment / unitOf(format)) * unitOf(format), format);
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
