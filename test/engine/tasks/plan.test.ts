import { describe, expect, it } from 'vitest';
import type { Task } from '../../../core/flow/task.ts';
import type { SourceField } from '../../../core/records.ts';
import { type PlanOptions, planTasks } from '../../../engine/tasks/plan.ts';
import { csv, json, map, planned, task, textParquet, typedParquet } from './run-tasks.ts';

const fields: SourceField[] = [
  { name: 'id', type: 'Long' },
  { name: 'email', type: 'String', label: 'E-mail', description: 'where to write' },
  { name: 'price', type: 'BigDecimal', precision: 12, scale: 2 },
  { name: 'at', type: 'DateTime', fractionDigits: 6 },
  { name: 'user', type: 'Struct' },
  { name: 'lines', type: 'List' },
];
const all = fields.map(({ name }) => map(name, name));

const refused = (tasks: readonly Task[], options: PlanOptions = json, source = fields) => {
  try {
    planTasks(tasks, source, options);
  } catch (error) {
    return String(error);
  }
  throw new Error('planned');
};

describe('destination types', () => {
  const types = (tasks: readonly Task[], options: PlanOptions, source = fields) =>
    planned(tasks, source, options).destinationFields.map(({ type }) => type);

  it('are text in CSV and in Parquet without typing', () => {
    for (const options of [csv, textParquet])
      expect(types(all, options)).toEqual(['String', 'String', 'String', 'String', 'String', 'String']);
    expect(types([map('id', 'id', { DESTINATION_DATA_TYPE: 'long' })], csv)).toEqual(['String']);
  });

  it("are the source's in JSON and typed Parquet", () => {
    for (const options of [json, typedParquet])
      expect(types(all, options)).toEqual(['Long', 'String', 'BigDecimal', 'DateTime', 'Struct', 'List']);
  });

  it('are what DESTINATION_DATA_TYPE names, if it names a type', () => {
    const tasks = [
      map('id', 'a', { DESTINATION_DATA_TYPE: 'string' }),
      map('email', 'b', { DESTINATION_DATA_TYPE: 'integer' }),
      map('price', 'c', { DESTINATION_DATA_TYPE: 'ChangeEventHeader' }),
    ];
    for (const options of [json, typedParquet])
      expect(types(tasks, options)).toEqual(['String', 'Integer', 'BigDecimal']);
  });

  it('of a source that does not know its fields are what the task names, else text', () => {
    const tasks = [
      map('a', 'a', { SOURCE_DATA_TYPE: 'datetime' }),
      map('b', 'b', { SOURCE_DATA_TYPE: 'datetime', DESTINATION_DATA_TYPE: 'date' }),
      map('c', 'c'),
    ];
    expect(types(tasks, json, [])).toEqual(['DateTime', 'Date', 'String']);
    expect(types(tasks, typedParquet, [])).toEqual(['DateTime', 'Date', 'String']);
  });

  it('bring label, description, digits and scale along', () => {
    const tasks = [
      map('email', 'mail'),
      map('price', 'price'),
      map('at', 'at'),
      map('price', 'text', { DESTINATION_DATA_TYPE: 'string' }),
    ];
    expect(planned(tasks, fields, typedParquet).destinationFields).toEqual([
      { name: 'mail', type: 'String', label: 'E-mail', description: 'where to write' },
      { name: 'price', type: 'BigDecimal', precision: 12, scale: 2 },
      { name: 'at', type: 'DateTime', fractionDigits: 6 },
      { name: 'text', type: 'String', label: 'price' },
    ]);
  });

  it('are nested types as they are stated', () => {
    const nestedTypes = { user: 'struct<id:bigint>', tags: 'array<string>' };
    const tasks = [
      map('user', 'user'),
      map('email', 'tags', { DESTINATION_DATA_TYPE: 'list' }),
      map('lines', 'lines'),
    ];
    expect(planned(tasks, fields, { ...typedParquet, nestedTypes }).destinationFields).toEqual([
      { name: 'user', type: 'Struct', inner: [{ name: 'id', type: 'Long' }] },
      {
        name: 'tags',
        type: 'List',
        label: 'E-mail',
        description: 'where to write',
        inner: [{ name: 'element', type: 'String' }],
      },
      { name: 'lines', type: 'List' },
    ]);
  });

  it.each<[Task[], Partial<PlanOptions>, string]>([
    [
      [map('user', 'usr')],
      {},
      "FlowInvalid: tributary.nestedTypes.user: the files have no such field; did you mean 'usr'?",
    ],
    [
      [map('user', 'user'), map('id', 'id'), task('Partition', ['user'])],
      { partitionColumnsInCatalog: true },
      "FlowInvalid: tributary.nestedTypes.user: the files have no such field; use one of 'id'",
    ],
    [
      [task('Mask', ['user'], { operator: 'MASK_ALL' }), map('user', 'user')],
      {},
      'FlowInvalid: tributary.nestedTypes.user: a masked field is text; remove the type, or the Mask task',
    ],
    [
      [map('user', 'user', { DESTINATION_DATA_TYPE: 'string' })],
      {},
      'FlowInvalid: tributary.nestedTypes.user: its Map task says DESTINATION_DATA_TYPE string; remove one of the two',
    ],
  ])('refuse a nested type with %j', (tasks, options, message) => {
    const nestedTypes = { user: 'struct<id:bigint>' };
    expect(refused(tasks, { ...typedParquet, nestedTypes, ...options })).toBe(message);
  });

  it.each([
    ['ADDITION', ['short', 'long'], 'Long'],
    ['ADDITION', ['short', 'huge'], 'BigInteger'],
    ['DIVISION', ['short', 'long'], 'Double'],
    ['MULTIPLICATION', ['short', 'double'], 'Double'],
    ['MULTIPLICATION', ['double', 'decimal'], 'BigDecimal'],
    ['SUBTRACTION', ['text', 'short'], 'BigDecimal'],
  ] as const)('%s of %o is %s', (operator, operands, type) => {
    const source: SourceField[] = [
      { name: 'short', type: 'Short' },
      { name: 'long', type: 'Long' },
      { name: 'huge', type: 'BigInteger' },
      { name: 'double', type: 'Double' },
      { name: 'decimal', type: 'BigDecimal' },
      { name: 'text', type: 'String' },
    ];
    const tasks = [task('Arithmetic', operands, { operator, to: 'result' }), map('result', 'result')];
    expect(types(tasks, json, source)).toEqual([type]);
  });
});

describe('the read set', () => {
  it('is what the tasks and the run need, once each', () => {
    const tasks = [
      task('Filter', ['id', 'email', 'price'], { operator: 'PROJECTION' }),
      task('Filter', ['id'], { operator: 'EQUAL_TO', properties: { DATA_TYPE: 'long', VALUE: '1' } }),
      task('Validate', ['price'], {
        operator: 'VALIDATE_NON_NULL',
        properties: { VALIDATION_ACTION: 'DropRecord' },
      }),
      map('user.login', 'login'),
      map('user.name', 'name'),
    ];
    expect(planned(tasks, fields, { ...json, alsoRead: ['at', 'id'] }).readFields).toEqual([
      'user',
      'id',
      'price',
      'at',
    ]);
  });

  it('names paths where the source does not know its fields', () => {
    expect(planned([map('user.login', 'login')], [], json).readFields).toEqual(['user.login']);
  });

  it('is the whole record where that is handed on', () => {
    const whole = { readFields: ['*'], destinationFields: [{ name: '*', type: 'Struct' }] };
    expect(planned([task('Map_all', [])], [], { ...json, alsoRead: ['id'] })).toMatchObject(whole);
    expect(planned([task('Passthrough', []), map('id', 'key')], fields, json)).toMatchObject(whole);
  });

  it.each<[Task, string]>([
    [
      map('emial', 'e'),
      "SchemaChanged: tasks[0] (Map): the source has no field 'emial'; did you mean 'email'?",
    ],
    [map('user2.login', 'e'), "SchemaChanged: tasks[0] (Map): the source has no field 'user2.login'"],
    [map('lines.sku', 'e'), "SchemaChanged: tasks[0] (Map): the source has no field 'lines.sku'"],
    [map('zzz', 'e'), "use one that it has: 'id', 'email', 'price', 'at', 'user', 'lines'"],
    [
      task('Mask', ['emial'], { operator: 'MASK_ALL' }),
      "SchemaChanged: tasks[0] (Mask): the source has no field 'emial'",
    ],
    [
      task('Truncate', ['x'], { properties: { TRUNCATE_LENGTH: '1' } }),
      "tasks[0] (Truncate): the source has no field 'x'",
    ],
    [
      task('Filter', ['x'], { operator: 'EQUAL_TO', properties: { VALUE: '1' } }),
      "tasks[0] (Filter): the source has no field 'x'",
    ],
    [
      task('Validate', ['x'], {
        operator: 'VALIDATE_NUMERIC',
        properties: { VALIDATION_ACTION: 'DropRecord' },
      }),
      "tasks[0] (Validate): the source has no field 'x'",
    ],
    [task('Partition', ['x']), "tasks[0] (Partition): the source has no field 'x'"],
  ])('needs fields that the source has: %o', (one, message) => {
    expect(refused([one])).toContain(message);
  });

  it('lets a mask lead into a list', () => {
    expect(
      planned([task('Mask', ['lines.sku'], { operator: 'MASK_ALL' }), map('lines', 'lines')], fields, json)
        .readFields,
    ).toEqual(['lines']);
  });

  it("names the run's own fields", () => {
    expect(refused([map('id', 'id')], { ...json, alsoRead: ['updated'] })).toContain(
      "the run: the source has no field 'updated'",
    );
  });
});

describe('partitions', () => {
  const tasks = [
    map('id', 'key'),
    map('email', 'mail'),
    task('Partition', ['ignored'], { properties: { ORDERED_PARTITION_KEYS_LIST: 'mail, at' } }),
  ];

  it('lie among the columns, or behind them if no task maps them', () => {
    expect(planned(tasks, fields, typedParquet)).toMatchObject({
      destinationFields: [{ name: 'key' }, { name: 'mail' }],
      partitionFields: ['mail', 'at'],
      partitionIndexes: [1, 2],
    });
  });

  it('leave Parquet files where the catalog has them as keys, and only those', () => {
    const plan = (options: PlanOptions) =>
      planned(tasks, fields, { ...options, partitionColumnsInCatalog: true });
    expect(plan(typedParquet)).toMatchObject({
      destinationFields: [{ name: 'key' }],
      partitionFields: ['mail', 'at'],
      partitionIndexes: [1, 2],
    });
    expect(plan(csv).destinationFields.map(({ name }) => name)).toEqual(['key', 'mail']);
  });

  it('fall back to the names of source fields', () => {
    const bySource = [map('id', 'key'), map('email', 'mail'), task('Partition', ['email'])];
    expect(planned(bySource, fields, json)).toMatchObject({
      partitionFields: ['mail'],
      partitionIndexes: [1],
    });
  });

  it('must leave something for the files', () => {
    const only = [map('id', 'id'), task('Partition', ['id'])];
    expect(refused(only, { ...textParquet, partitionColumnsInCatalog: true })).toMatch(
      /^NotRunnable: all mapped fields are partition fields/,
    );
  });
});

describe('refusals', () => {
  it.each(['Passthrough', 'Map_all'] as const)('%s of whole records into columns', (taskType) => {
    for (const options of [csv, typedParquet])
      expect(refused([task(taskType, [])], options, [])).toBe(
        `NotRunnable: tasks[0] (${taskType}): ${taskType} hands on whole records, which have no fixed columns for ${options.fileType}; list the fields with Map tasks, or write JSON`,
      );
  });

  it.each<[string, Task[], string]>([
    [
      'two maps to one field',
      [map('id', 'a'), map('email', 'a')],
      "FlowInvalid: two tasks map to the destination field 'a'",
    ],
    [
      'a map of two fields',
      [task('Map', ['id', 'email'], { to: 'x' })],
      'FlowInvalid: tasks[0] (Map): it needs exactly one source field',
    ],
    ['a map to nothing', [task('Map', ['id'])], 'FlowInvalid: tasks[0] (Map): it needs a destinationField'],
    [
      'two tasks making one field',
      [
        task('Arithmetic', ['id', 'price'], { operator: 'ADDITION' }),
        task('Arithmetic', ['id', 'price'], { operator: 'DIVISION' }),
        map('id,price', 'x'),
      ],
      "FlowInvalid: tasks[1] (Arithmetic): a second task makes the field 'id,price'",
    ],
    [
      'an unknown placeholder',
      [
        task('Merge', ['id', 'email'], { properties: { CONCAT_FORMAT: '${id} ${mail}' } }),
        map('id,email', 'x'),
      ],
      "FlowInvalid: tasks[0].taskProperties.CONCAT_FORMAT: 'mail' is no source field of this Merge task; did you mean 'email'?",
    ],
    [
      'a foreign operand',
      [
        task('Arithmetic', ['id', 'price'], {
          operator: 'ADDITION',
          properties: { MATH_OPERATION_FIELDS_ORDER: 'id,email' },
        }),
        map('id,price', 'x'),
      ],
      'FlowInvalid: tasks[0] (Arithmetic): Arithmetic computes with two or more of its source fields',
    ],
    [
      'a mask without a length',
      [task('Mask', ['email'], { operator: 'MASK_LAST_N' }), map('email', 'x')],
      'FlowInvalid: tasks[0].taskProperties.MASK_LENGTH: Mask needs a length; got nothing',
    ],
    [
      'a negative length',
      [task('Truncate', ['email'], { properties: { TRUNCATE_LENGTH: '-1' } }), map('email', 'x')],
      'FlowInvalid: tasks[0].taskProperties.TRUNCATE_LENGTH: Truncate needs a length; got "-1"',
    ],
    [
      'a mask without an operator',
      [task('Mask', ['email']), map('email', 'x')],
      'FlowInvalid: tasks[0].connectorOperator: NO_OP is no operator of Mask tasks; expected one of MASK_ALL, MASK_FIRST_N, MASK_LAST_N',
    ],
    [
      'a validation without an action',
      [task('Validate', ['email'], { operator: 'VALIDATE_NON_NULL' })],
      'FlowInvalid: tasks[0].taskProperties.VALIDATION_ACTION: a validation needs to know what to do with bad records; got nothing',
    ],
  ])('%s', (_, tasks, message) => {
    expect(refused(tasks)).toContain(message);
  });
});

describe('parameters of the vendor', () => {
  const source: SourceField[] = [{ name: 'id', type: 'Long' }];
  const parameters: SourceField[] = [{ name: 'labels_name', type: 'String' }];
  const tasks: Task[] = [
    { taskType: 'Map_all', sourceFields: [], taskProperties: {} },
    {
      taskType: 'Filter',
      sourceFields: ['labels_name'],
      connectorOperator: { CustomConnector: 'EQUAL_TO' },
      taskProperties: { DATA_TYPE: 'string', VALUE: 'bug' },
    },
  ];
  const options = { fileType: 'JSON', preserveSourceDataTyping: false } as const;

  it('may be filtered by and are no column, not even of Map_all', () => {
    const plan = planTasks(tasks, source, { ...options, parameters });
    expect(plan.destinationFields.map(({ name }) => name)).toEqual(['id']);
    expect(plan.filters.map(({ field }) => field)).toEqual(['labels_name']);
  });

  it('are unknown fields where the source does not list them', () => {
    expect(() => planTasks(tasks, source, options)).toThrow('labels_name');
  });
});
