import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../../core/flow/task.ts';
import { type FilterOperator, filterOperators } from '../../../core/operators.ts';
import type { FieldType, Value } from '../../../core/records.ts';
import { compileFilter, filterConditions } from '../../../engine/tasks/filter.ts';

const filter = (
  operator: FilterOperator | 'PROJECTION',
  taskProperties: Task['taskProperties'] = {},
): Task => ({
  taskType: 'Filter',
  sourceFields: ['f'],
  connectorOperator: { Salesforce: operator },
  taskProperties,
});
const conditionOf = (operator: FilterOperator, taskProperties: Task['taskProperties']) =>
  filterConditions([filter(operator, taskProperties)])[0];

describe('filterConditions', () => {
  it('takes comparisons in their order, and no projection', () => {
    expect(
      filterConditions([
        filter('PROJECTION'),
        filter('EQUAL_TO', { DATA_TYPE: 'picklist', VALUES: 'gold,silver' }),
        { taskType: 'Map', sourceFields: ['f'], destinationField: 'f' },
        filter('GREATER_THAN', { DATA_TYPE: 'currency', VALUE: '007.50' }),
      ]),
    ).toEqual([
      { field: 'f', operator: 'EQUAL_TO', type: 'String', values: ['gold', 'silver'] },
      { field: 'f', operator: 'GREATER_THAN', type: 'Double', values: ['7.5'] },
    ]);
  });

  it.each<[string, string, FieldType, string]>([
    ['datetime', '1769904000000', 'DateTime', '2026-02-01T00:00:00.000Z'],
    ['datetime', '2026-02-01T01:00:00+01:00', 'DateTime', '2026-02-01T00:00:00.000Z'],
    ['datetime', '2026-02-01T00:00:00.123456Z', 'DateTime', '2026-02-01T00:00:00.123456Z'],
    ['date', '1772323199999', 'Date', '2026-02-28'],
    ['date', '2026-02-28', 'Date', '2026-02-28'],
    ['long', '9007199254740993', 'Long', '9007199254740993'],
    ['decimal', '10.00', 'BigDecimal', '10.00'],
    ['boolean', 'TRUE', 'Boolean', 'true'],
    ['string', ' gold', 'String', ' gold'],
    ['CSV', 'x', 'String', 'x'],
  ])('brings a %s %s to its canonical text', (name, text, type, value) => {
    expect(conditionOf('EQUAL_TO', { DATA_TYPE: name, VALUE: text })).toEqual({
      field: 'f',
      operator: 'EQUAL_TO',
      type,
      values: [value],
    });
  });

  it('reads bounds', () => {
    expect(
      conditionOf('BETWEEN', {
        DATA_TYPE: 'datetime',
        LOWER_BOUND: '1769904000000',
        UPPER_BOUND: '1769904000000',
      }),
    ).toMatchObject({ values: ['2026-02-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z'] });
  });

  it('compares with VALUE and VALUES together', () => {
    expect(conditionOf('EQUAL_TO', { DATA_TYPE: 'string', VALUE: 'a', VALUES: 'a,b' })).toMatchObject({
      values: ['a', 'b'],
    });
  });

  it.each<[FilterOperator, Task['taskProperties'], string]>([
    ['EQUAL_TO', { DATA_TYPE: 'string' }, 'EQUAL_TO has 0 values to compare with; expected VALUE or VALUES'],
    [
      'LESS_THAN',
      { DATA_TYPE: 'integer', VALUES: '1,2' },
      'LESS_THAN has 2 values to compare with; expected one VALUE',
    ],
    [
      'BETWEEN',
      { DATA_TYPE: 'integer', LOWER_BOUND: '1' },
      'BETWEEN has 1 values to compare with; expected LOWER_BOUND and UPPER_BOUND',
    ],
    [
      'LESS_THAN',
      { VALUE: '5' },
      'tasks[0].taskProperties.DATA_TYPE: LESS_THAN needs to know what it compares',
    ],
    [
      'EQUAL_TO',
      { DATA_TYPE: 'integer', VALUE: 'five' },
      'tasks[0].taskProperties.VALUE: the filter cannot compare with this; got "five"; expected a value of type Integer',
    ],
    ['EQUAL_TO', { DATA_TYPE: 'integer', VALUE: '3.5' }, 'expected a value of type Integer'],
    [
      'EQUAL_TO',
      { DATA_TYPE: 'boolean', VALUES: 'true,maybe' },
      'tasks[0].taskProperties.VALUES: the filter cannot compare with this; got "maybe"',
    ],
    [
      'BETWEEN',
      { DATA_TYPE: 'datetime', LOWER_BOUND: 'yesterday', UPPER_BOUND: '1' },
      'tasks[0].taskProperties.LOWER_BOUND: the filter cannot compare with this; got "yesterday"; expected epoch milliseconds or ISO 8601',
    ],
  ])('refuses %s with %o', (operator, properties, message) => {
    expect(() => conditionOf(operator, properties)).toThrow(
      expect.objectContaining({ name: 'FlowInvalid', message: expect.stringContaining(message) }),
    );
  });
});

describe('compileFilter', () => {
  const passes = (operator: FilterOperator, type: FieldType, values: string[], value: Value) =>
    compileFilter({ field: 'f', operator, type, values })(value);

  it.each<[FilterOperator, FieldType, string[], Value, boolean]>([
    ['EQUAL_TO', 'String', ['gold', 'silver'], 'silver', true],
    ['EQUAL_TO', 'String', ['gold', 'silver'], 'Gold', false],
    ['EQUAL_TO', 'String', ['5'], 5, true],
    ['NOT_EQUAL_TO', 'String', ['gold', 'silver'], 'silver', false],
    ['NOT_EQUAL_TO', 'String', ['gold', 'silver'], 'bronze', true],
    ['LESS_THAN', 'String', ['b'], 'a', true],
    ['LESS_THAN', 'String', ['b'], 'b', false],
    ['LESS_THAN_OR_EQUAL_TO', 'String', ['b'], 'b', true],
    ['GREATER_THAN', 'String', ['b'], 'B', false],
    ['GREATER_THAN_OR_EQUAL_TO', 'String', ['b'], 'b', true],
    ['BETWEEN', 'String', ['b', 'd'], 'b', true],
    ['BETWEEN', 'String', ['b', 'd'], 'd', true],
    ['BETWEEN', 'String', ['b', 'd'], 'e', false],
    ['CONTAINS', 'String', ['x', 'dam'], 'Adam', true],
    ['CONTAINS', 'String', ['x', 'dam'], 'ADAM', false],
    ['CONTAINS', 'String', ['urgent'], ['new', 'urgent'], true],
    ['EQUAL_TO', 'Double', ['0.1'], '0.10', true],
    ['EQUAL_TO', 'BigDecimal', ['10.00'], '10', true],
    ['GREATER_THAN', 'Integer', ['9'], '10', true],
    ['GREATER_THAN', 'Integer', ['9'], 10, true],
    ['GREATER_THAN', 'Long', ['9007199254740992'], 9007199254740993n, true],
    ['EQUAL_TO', 'Long', ['9007199254740993'], 9007199254740992, false],
    ['EQUAL_TO', 'Long', ['9007199254740993'], '9007199254740993', true],
    ['LESS_THAN', 'BigDecimal', ['0.1'], '0.0999999999999999999999', true],
    ['LESS_THAN', 'Double', ['5'], 'n/a', false],
    ['NOT_EQUAL_TO', 'Double', ['5'], 'n/a', true],
    ['LESS_THAN', 'Double', ['5'], '', false],
    ['EQUAL_TO', 'Boolean', ['true'], true, true],
    ['EQUAL_TO', 'Boolean', ['true'], 'TRUE', true],
    ['EQUAL_TO', 'Boolean', ['true'], 'yes', false],
    ['GREATER_THAN', 'DateTime', ['2026-02-01T00:00:00.000Z'], '2026-02-01T00:00:00.001Z', true],
    ['GREATER_THAN', 'DateTime', ['2026-02-01T00:00:00.000Z'], '2026-02-01T00:30:00+01:00', false],
    ['EQUAL_TO', 'DateTime', ['2026-02-01T00:00:00.000Z'], '2026-02-01T01:00:00+01:00', true],
    ['GREATER_THAN', 'DateTime', ['2026-02-01T00:00:00.000Z'], '2026-02-01T00:00:00.000001Z', true],
    ['EQUAL_TO', 'DateTime', ['2026-02-01T00:00:00.000Z'], 1769904000000, true],
    ['LESS_THAN', 'DateTime', ['2026-02-01T00:00:00.000Z'], 'never', false],
    ['BETWEEN', 'Date', ['2026-02-01', '2026-02-28'], '2026-02-28', true],
    ['BETWEEN', 'Date', ['2026-02-01', '2026-02-28'], '2026-02-28T23:59:59Z', true],
    ['BETWEEN', 'Date', ['2026-02-01', '2026-02-28'], '2026-03-01', false],
    ['LESS_THAN', 'Time', ['10:00:00'], '09:59:59', true],
  ])('%s %s %o of %o: %s', (operator, type, values, value, expected) => {
    expect(passes(operator, type, values, value)).toBe(expected);
  });

  it.each(filterOperators)('%s and null', (operator) => {
    const types: FieldType[] = ['String', 'Double', 'Date', 'DateTime', 'Boolean'];
    for (const type of types)
      expect(passes(operator, type, ['1', '2'], null), type).toBe(operator === 'NOT_EQUAL_TO');
  });

  it('equals a naive filter over numbers, however they are written', () => {
    const naive: Record<FilterOperator, (value: number, a: number, b: number) => boolean> = {
      EQUAL_TO: (value, a) => value === a,
      NOT_EQUAL_TO: (value, a) => value !== a,
      LESS_THAN: (value, a) => value < a,
      LESS_THAN_OR_EQUAL_TO: (value, a) => value <= a,
      GREATER_THAN: (value, a) => value > a,
      GREATER_THAN_OR_EQUAL_TO: (value, a) => value >= a,
      BETWEEN: (value, a, b) => value >= a && value <= b,
      CONTAINS: (value, a) => String(value).includes(String(a)),
    };
    // Hundredths in a narrow range meet often; the others have up to 17 digits and exponents.
    const number = fc.oneof(
      fc.integer({ min: -300, max: 300 }).map((hundredths) => hundredths / 100),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    );
    const written = (value: number) =>
      fc.constantFrom<Value>(value, String(value), `${value < 0 ? '' : '+'}${value}`);
    const value = number.chain((of) =>
      fc.tuple(fc.constant(of), of === 0 ? fc.constant<Value>(0) : written(of)),
    );
    const ordered = filterOperators.filter((operator) => operator !== 'CONTAINS');
    fc.assert(
      fc.property(fc.constantFrom(...ordered), value, number, number, (operator, [plain, got], a, b) => {
        const values = operator === 'BETWEEN' ? [String(a), String(b)] : [String(a)];
        expect(passes(operator, 'Double', values, got)).toBe(naive[operator](plain, a, b));
      }),
      { numRuns: 500 },
    );
  });

  it('equals a naive filter over instants in any offset', () => {
    const millisecond = fc.integer({ min: 0, max: 3000 }).map((offset) => 1769904000000 + offset * 500);
    const written = (time: number, minutes: number) => {
      const local = new Date(time + minutes * 60_000).toISOString().slice(0, -1);
      const pad = (part: number) => String(part).padStart(2, '0');
      const size = Math.abs(minutes);
      return `${local}${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
    };
    fc.assert(
      fc.property(millisecond, millisecond, fc.integer({ min: -720, max: 720 }), (time, bound, minutes) => {
        const values = [new Date(bound).toISOString()];
        for (const got of [written(time, minutes), new Date(time).toISOString()]) {
          expect(passes('LESS_THAN', 'DateTime', values, got)).toBe(time < bound);
          expect(passes('GREATER_THAN_OR_EQUAL_TO', 'DateTime', values, got)).toBe(time >= bound);
          expect(passes('EQUAL_TO', 'DateTime', values, got)).toBe(time === bound);
        }
      }),
    );
  });
});
