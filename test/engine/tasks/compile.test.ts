import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Task } from '../../../core/flow/task.ts';
import type { Row, SourceField } from '../../../core/records.ts';
import { compileTasks } from '../../../engine/tasks/compile.ts';
import { csv, json, map, planned, runTasks, task, textParquet, typedParquet } from './run-tasks.ts';

const fields: SourceField[] = [
  { name: 'id', type: 'Long' },
  { name: 'name', type: 'String' },
  { name: 'price', type: 'BigDecimal' },
  { name: 'at', type: 'DateTime', fractionDigits: 6 },
  { name: 'ok', type: 'Boolean' },
  { name: 'user', type: 'Struct' },
  { name: 'lines', type: 'List' },
];
const record = {
  id: 9007199254740993n,
  name: 'Ada',
  price: '100.00',
  at: '2026-02-03T12:15:00.123456+02:00',
  ok: true,
  user: { login: 'ada', address: { city: 'Ulm' } },
  lines: [{ sku: 'a-1' }, { sku: 'b-2' }],
};
const all = fields.map(({ name }) => map(name, name));
const mask = (field: string) => task('Mask', [field], { operator: 'MASK_ALL' });

describe('values', () => {
  it('stay native in JSON and typed Parquet', () => {
    for (const options of [json, typedParquet])
      expect(runTasks(all, fields, [record], options)).toEqual([record]);
  });

  it('are text in CSV and in Parquet without typing', () => {
    for (const options of [csv, textParquet])
      expect(runTasks(all, fields, [record], options)).toEqual([
        {
          id: '9007199254740993',
          name: 'Ada',
          price: '100.00',
          at: '2026-02-03T10:15:00.123456Z',
          ok: 'true',
          user: '{"login":"ada","address":{"city":"Ulm"}}',
          lines: '[{"sku":"a-1"},{"sku":"b-2"}]',
        },
      ]);
  });

  describe('of nested types', () => {
    const nested = (type: string, values: readonly unknown[], from = 'user') =>
      runTasks(
        [map(from, 'f')],
        fields,
        values.map((value) => ({ [from]: value })),
        {
          ...typedParquet,
          nestedTypes: { f: type },
        },
      );

    it('are converted part by part', () => {
      const type = 'struct<id:bigint,at:timestamp,tags:array<string>,rates:map<string,decimal(9,2)>>';
      const tags = [1, true, null, { a: 1 }, 'x'];
      expect(
        nested(type, [
          { id: '7', at: 0, tags, rates: { EUR: '1e1', __proto__x: null }, more: 'left out' },
          { tags: '["in text"]', rates: {}, at: '2026-02-03T12:15:00+02:00', id: '' },
          '{"id":9007199254740993}',
          null,
        ]),
      ).toEqual([
        {
          f: {
            id: 7,
            at: '1970-01-01T00:00:00.000Z',
            tags: ['1', 'true', null, '{"a":1}', 'x'],
            rates: { EUR: '10', __proto__x: null },
          },
        },
        { f: { id: null, at: '2026-02-03T10:15:00.000Z', tags: ['in text'], rates: {} } },
        { f: { id: 9007199254740993n, at: null, tags: null, rates: null } },
        { f: null },
      ]);
      expect(nested('array<array<int>>', [[[1], null, ['2']]], 'lines')).toEqual([{ f: [[1], null, [2]] }]);
    });

    it('leave the record as it is, and take no member from a prototype', () => {
      const user = JSON.parse('{"__proto__":{"x":"1"}}') as object;
      const [mapped] = nested('struct<toString:string,__proto__:map<string,int>>', [user]);
      expect(JSON.stringify(mapped)).toBe('{"f":{"toString":null,"__proto__":{"x":1}}}');
      expect(JSON.stringify(user)).toBe('{"__proto__":{"x":"1"}}');
    });

    it.each([
      [
        'struct<a:array<struct<n:int>>>',
        { a: [{ n: 1 }, { n: 'abc' }] },
        'a text in f.a[].n that cannot be converted to Integer',
      ],
      [
        'struct<m:map<string,date>>',
        { m: { secret: 'abc' } },
        'a text in f.m.* that cannot be converted to Date',
      ],
      ['struct<m:map<string,date>>', { m: [1] }, 'a list in f.m that cannot be converted to Map'],
      ['array<int>', { a: 1 }, 'an object in f that cannot be converted to List'],
      ['struct<n:int>', 7, 'a number in f that cannot be converted to Struct'],
    ])('are rejected by the part of %s that does not fit', (type, value, reason) => {
      expect(nested(type, [value])).toEqual([{ field: 'f', reason }]);
    });
  });

  it('are converted to the destination type, or the record is rejected', () => {
    const tasks = [map('name', 'n', { DESTINATION_DATA_TYPE: 'integer' }), map('id', 'i')];
    const secret = 'abc';
    expect(
      runTasks(tasks, fields, [
        { name: '7', id: 1 },
        { name: secret, id: 2 },
        { name: '', id: 3 },
      ]),
    ).toEqual([
      { n: 7, i: 1 },
      { field: 'n', reason: 'a text that cannot be converted to Integer' },
      { n: null, i: 3 },
    ]);
  });

  it('of unknown origin are converted to the type that the task names', () => {
    const tasks = [map('n', 'n', { SOURCE_DATA_TYPE: 'long' }), map('s', 's')];
    expect(runTasks(tasks, [], [{ n: '5', s: 5 }])).toEqual([{ n: 5, s: '5' }]);
  });

  it('missing from a record are null', () => {
    expect(runTasks([...all, map('user.address.city', 'city')], fields, [{}])).toEqual([
      { id: null, name: null, price: null, at: null, ok: null, user: null, lines: null, city: null },
    ]);
  });

  it('of what should be text but is not are written as text', () => {
    expect(runTasks([map('name', 'name')], fields, [{ name: 5 }])).toEqual([{ name: '5' }]);
  });
});

describe('nested fields', () => {
  it('are read by path', () => {
    const tasks = [map('user.address.city', 'city'), map('user.login', 'login')];
    expect(runTasks(tasks, fields, [record])).toEqual([{ city: 'Ulm', login: 'ada' }]);
    expect(runTasks(tasks, [], [record])).toEqual([{ city: 'Ulm', login: 'ada' }]);
  });

  it('masked are masked wherever they come out', () => {
    const tasks = [
      mask('user.login'),
      mask('lines.sku'),
      map('user', 'user'),
      map('user.login', 'login'),
      map('lines', 'lines'),
    ];
    expect(runTasks(tasks, fields, [record])).toEqual([
      {
        user: { login: '***', address: { city: 'Ulm' } },
        login: '***',
        lines: [{ sku: '***' }, { sku: '***' }],
      },
    ]);
    expect(record.user.login).toBe('ada');
  });

  it('of a masked field are masked too', () => {
    expect(runTasks([mask('user'), map('user.login', 'login')], fields, [record])).toEqual([
      { login: '***' },
    ]);
  });

  it('can be excluded from Map_all, or moved by a Map', () => {
    const tasks = [
      task('Map_all', [], {
        properties: { EXCLUDE_SOURCE_FIELDS_LIST: 'id,price,at,ok,lines,user.address' },
      }),
      map('user.login', 'login'),
    ];
    expect(runTasks(tasks, fields, [record])).toEqual([{ name: 'Ada', user: {}, login: 'ada' }]);
  });
});

describe('whole records', () => {
  const mapAll = (excluded?: string) =>
    task('Map_all', [], { properties: excluded ? { EXCLUDE_SOURCE_FIELDS_LIST: excluded } : {} });

  it('pass with fields excluded, masked, moved and made', () => {
    const tasks = [
      mapAll('["lines","user.address"]'),
      mask('user.login'),
      task('Truncate', ['name'], { properties: { TRUNCATE_LENGTH: '2' } }),
      map('price', 'amount', { DESTINATION_DATA_TYPE: 'double' }),
      task('Merge', ['name', 'ok'], { properties: { CONCAT_FORMAT: '${name}:${ok}' } }),
      map('name,ok', 'label'),
    ];
    expect(runTasks(tasks, [], [record])).toEqual([
      {
        id: 9007199254740993n,
        name: 'Ad',
        at: '2026-02-03T12:15:00.123456+02:00',
        ok: true,
        user: { login: '***' },
        amount: 100,
        label: 'Ad:true',
      },
    ]);
    expect(record.name).toBe('Ada');
  });

  it('are filtered, validated and rejected by what is in them', () => {
    const tasks = [
      mapAll(),
      task('Filter', ['user.login'], {
        operator: 'EQUAL_TO',
        properties: { DATA_TYPE: 'string', VALUE: 'ada' },
      }),
      task('Validate', ['name'], {
        operator: 'VALIDATE_NON_NULL',
        properties: { VALIDATION_ACTION: 'DropRecord' },
      }),
      map('n', 'n', { DESTINATION_DATA_TYPE: 'integer' }),
    ];
    const user = { login: 'ada' };
    expect(
      runTasks(
        tasks,
        [],
        [
          { user, name: 'A', n: '1' },
          { user: {}, name: 'A' },
          { user, n: 1 },
          { user, name: 'A', n: 'x' },
        ],
      ),
    ).toEqual([
      { user, name: 'A', n: 1 },
      1,
      2,
      { field: 'n', reason: 'a text that cannot be converted to Integer' },
    ]);
  });

  it('can be partitioned by what is in them', () => {
    const tasks = [mapAll(), map('name', 'title'), task('Partition', ['title', 'user.address.city'])];
    const plan = planned(tasks, [], json);
    const row = compileTasks(plan, { residualFilters: [] }).map([record]) as Row;
    expect(plan.partitionFields).toEqual(['title', 'user.address.city']);
    expect(plan.partitionIndexes.map((index) => row[index])).toEqual(['Ada', 'Ulm']);
  });
});

describe('fields that tasks make', () => {
  it('can be computed with, merged and masked', () => {
    const tasks = [
      task('Merge', ['sum', 'name'], { to: 'label', properties: { CONCAT_FORMAT: '${name}=${sum}' } }),
      task('Arithmetic', ['double', 'price'], { operator: 'ADDITION', to: 'sum' }),
      task('Arithmetic', ['price', 'price'], { operator: 'ADDITION', to: 'double' }),
      task('Mask', ['label'], { operator: 'MASK_LAST_N', properties: { MASK_LENGTH: '2' } }),
      map('label', 'label'),
      map('sum', 'sum'),
    ];
    expect(runTasks(tasks, fields, [record])).toEqual([{ label: 'Ada=300.**', sum: '300.00' }]);
  });

  it('may bear the name of an operand, which is then the source field', () => {
    const tasks = [
      task('Arithmetic', ['price', 'id'], { operator: 'ADDITION', to: 'price' }),
      map('price', 'price'),
    ];
    expect(runTasks(tasks, fields, [{ price: '1.50', id: 2 }])).toEqual([{ price: '3.50' }]);
  });

  it('are exact for integers and decimals', () => {
    const tasks = [
      task('Arithmetic', ['id', 'id'], { operator: 'ADDITION', to: 'twice' }),
      task('Arithmetic', ['id', 'id'], { operator: 'MULTIPLICATION', to: 'square' }),
      map('twice', 'twice'),
      map('square', 'square'),
    ];
    expect(runTasks(tasks, fields, [{ id: 9007199254740993n }, { id: 3 }])).toEqual([
      { twice: 18014398509481986n, square: null }, // the square is beyond 2^63
      { twice: 6, square: 9 },
    ]);
  });

  it('are null where a double overflows', () => {
    const source: SourceField[] = [{ name: 'a', type: 'Double' }];
    const tasks = [task('Arithmetic', ['a', 'a'], { operator: 'MULTIPLICATION', to: 'b' }), map('b', 'b')];
    expect(runTasks(tasks, source, [{ a: 1e200 }, { a: 1e-200 }])).toEqual([{ b: null }, { b: 0 }]);
  });
});

it('applies only the filters that the source has not', () => {
  const equal = (field: string, value: string) =>
    task('Filter', [field], { operator: 'EQUAL_TO', properties: { DATA_TYPE: 'string', VALUE: value } });
  const plan = planned([equal('name', 'Ada'), equal('id', '1'), map('id', 'id')], fields, json);
  expect(plan.readFields).toEqual(['id', 'name']);
  const row: Row = [2, 'Max'];
  expect(compileTasks(plan, { residualFilters: [0, 1] }).map(row)).toBe(0);
  expect(compileTasks(plan, { residualFilters: [1] }).map(row)).toBe(1);
  expect(compileTasks(plan, { residualFilters: [] }).map(row)).toEqual([2]);
});

it('gives a new row each time and leaves the old one alone', () => {
  const mapper = compileTasks(planned([map('id', 'id'), mask('name'), map('name', 'name')], fields, json), {
    residualFilters: [],
  });
  const row: Row = [1, 'Ada'];
  const first = mapper.map(row);
  const second = mapper.map([2, 'Max K']);
  expect([first, second, row]).toEqual([
    [1, '***'],
    [2, '*****'],
    [1, 'Ada'],
  ]);
});

it('does not depend on the order of tasks of different stages', () => {
  const stages: Task[][] = [
    [task('Filter', ['ok'], { operator: 'EQUAL_TO', properties: { DATA_TYPE: 'boolean', VALUE: 'true' } })],
    [
      task('Validate', ['id'], {
        operator: 'VALIDATE_NON_ZERO',
        properties: { VALIDATION_ACTION: 'DropRecord' },
      }),
    ],
    [
      task('Mask', ['name'], { operator: 'MASK_LAST_N', properties: { MASK_LENGTH: '2' } }),
      task('Truncate', ['name'], { properties: { TRUNCATE_LENGTH: '3' } }),
    ],
    [
      task('Arithmetic', ['id', 'price'], { operator: 'MULTIPLICATION', to: 'total' }),
      task('Merge', ['name', 'total'], { to: 'label' }),
    ],
    [map('name', 'n'), map('label', 'l'), map('total', 't'), map('id', 'i')],
    [task('Partition', ['i'])],
  ];
  const records = [
    { ok: true, id: 2, price: '1.50', name: 'Ada Byron' },
    { ok: false, id: 2, price: '1.50', name: 'Max' },
    { ok: true, id: 0, price: '1.50', name: 'Li' },
  ];
  // Dropped records name their task, whose index moves: here it only counts that they are dropped.
  const outcome = (tasks: readonly Task[]) =>
    runTasks(tasks, fields, records).map((result) => (typeof result === 'number' ? 'dropped' : result));
  expect(outcome(stages.flat())).toEqual([{ n: 'Ada', l: 'Ada3.00', t: '3.00', i: 2 }, 'dropped', 'dropped']);

  const order = stages.flatMap((stage, index) => stage.map(() => index));
  fc.assert(
    fc.property(fc.shuffledSubarray(order, { minLength: order.length }), (shuffled) => {
      // The stages in any order and interleaving, the tasks of one stage in their own.
      const waiting = stages.map((stage) => [...stage]);
      const tasks = shuffled.flatMap((stage) => waiting[stage]?.shift() ?? []);
      expect(tasks).toHaveLength(order.length);
      expect(outcome(tasks)).toEqual(outcome(stages.flat()));
    }),
  );
});
