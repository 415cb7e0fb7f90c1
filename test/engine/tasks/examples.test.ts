/** One run for every kind of task over four records, with results worked out by hand. */

import { describe, expect, it } from 'vitest';
import type { SourceField } from '../../../core/records.ts';
import { csv, json, map, planned, runTasks, task, typedParquet } from './run-tasks.ts';

const fields: SourceField[] = [
  { name: 'Id', type: 'String' },
  { name: 'Name', type: 'String', label: 'Full Name' },
  { name: 'Email', type: 'String' },
  { name: 'Plan', type: 'String' },
  { name: 'Amount', type: 'Double' },
  { name: 'Discount', type: 'Double' },
  { name: 'Qty', type: 'Integer' },
  { name: 'Phone', type: 'String' },
  { name: 'CreatedDate', type: 'DateTime' },
];

const r1 = {
  Id: '001',
  Name: 'Ada Byron',
  Email: 'ada@example.org',
  Plan: 'gold',
  Amount: 120.0,
  Discount: 20.0,
  Qty: 3,
  Phone: '5550100',
  CreatedDate: '2026-02-03T10:15:00.000Z',
};
const r2 = {
  Id: '002',
  Name: 'Max Kern',
  Email: null,
  Plan: 'silver',
  Amount: 80.0,
  Discount: 0.0,
  Qty: 0,
  Phone: '5550101',
  CreatedDate: '2026-02-04T08:00:00.000Z',
};
const r3 = {
  Id: '003',
  Name: 'Li Wei',
  Email: 'li@example.org',
  Plan: 'bronze',
  Amount: -5.0,
  Discount: 1.0,
  Qty: 2,
  Phone: '77',
  CreatedDate: '2026-02-05T23:59:59.000Z',
};
const r4 = {
  Id: '004',
  Name: 'Eva Sol',
  Email: '',
  Plan: 'gold',
  Amount: 'n/a',
  Discount: null,
  Qty: 1,
  Phone: null,
  CreatedDate: '2026-03-01T00:00:00.000Z',
};
const records = [r1, r2, r3, r4];

const projection = task('Filter', ['Id', 'Name', 'Plan'], { operator: 'PROJECTION' });
const id = map('Id', 'id');

describe('Filter', () => {
  it('PROJECTION does not name output columns, and what is used nowhere is not read', () => {
    const tasks = [projection, id, map('Plan', 'plan')];
    expect(runTasks(tasks, fields, [r1])).toEqual([{ id: '001', plan: 'gold' }]);
    expect(planned(tasks, fields, json).readFields).toEqual(['Id', 'Plan']);
  });

  it('keeps what passes all comparisons', () => {
    const tasks = [
      projection,
      task('Filter', ['Plan'], {
        operator: 'EQUAL_TO',
        properties: { DATA_TYPE: 'string', VALUES: 'gold,silver' },
      }),
      task('Filter', ['CreatedDate'], {
        operator: 'BETWEEN',
        properties: { DATA_TYPE: 'datetime', LOWER_BOUND: '1769904000000', UPPER_BOUND: '1772323199999' },
      }),
      id,
    ];
    expect(runTasks(tasks, fields, records)).toEqual([{ id: '001' }, { id: '002' }, 1, 2]);
    expect(planned(tasks, fields, json).readFields).toEqual(['Id', 'Plan', 'CreatedDate']);
  });
});

describe('Map', () => {
  it('copies one field to one destination field', () => {
    const tasks = [
      projection,
      map('Email', 'contact_email', { SOURCE_DATA_TYPE: 'email', DESTINATION_DATA_TYPE: 'string' }),
    ];
    expect(runTasks(tasks, fields, [r1])).toEqual([{ contact_email: 'ada@example.org' }]);
  });

  it('may map one source to two destinations, in the order of the tasks', () => {
    const tasks = [projection, map('Name', 'second'), map('Id', 'first'), map('Name', 'third')];
    const plan = planned(tasks, fields, json);
    expect(plan.destinationFields.map(({ name }) => name)).toEqual(['second', 'first', 'third']);
    expect(plan.readFields).toEqual(['Name', 'Id']);
  });
});

describe('Map_all', () => {
  it('maps every field but the excluded ones', () => {
    const tasks = [
      task('Map_all', [], { properties: { EXCLUDE_SOURCE_FIELDS_LIST: '["Phone","Discount"]' } }),
    ];
    const { Phone: _phone, Discount: _discount, ...rest } = r1;
    expect(runTasks(tasks, fields, [r1])).toEqual([rest]);
    expect(planned(tasks, fields, json).readFields).toEqual([
      'Id',
      'Name',
      'Email',
      'Plan',
      'Amount',
      'Qty',
      'CreatedDate',
    ]);
  });

  it('leaves a field to the Map task beside it', () => {
    const tasks = [
      task('Map_all', ['']),
      map('Email', 'Phone'),
      map('Name', 'label'),
      map('Name', 'name'),
      task('Arithmetic', ['Amount', 'Discount'], { operator: 'SUBTRACTION' }),
      map('Amount,Discount', 'net'),
    ];
    expect(planned(tasks, fields, json).destinationFields.map(({ name }) => name)).toEqual([
      'Id',
      'label',
      'name',
      'Phone',
      'Plan',
      'Amount',
      'Discount',
      'Qty',
      'CreatedDate',
      'net',
    ]);
  });
});

describe('Passthrough', () => {
  it('hands the record over whole', () => {
    const order = { OrderType: 'OR', to_Item: [{ Material: 'M1', Quantity: '2' }] };
    const tasks = [task('Passthrough', [], { operator: 'NO_OP' })];
    expect(runTasks(tasks, [], [order])).toEqual([order]);
    expect(planned(tasks, [], json)).toMatchObject({
      readFields: ['*'],
      destinationFields: [{ name: '*', type: 'Struct' }],
    });
  });
});

describe('Mask', () => {
  it.each([
    ['MASK_FIRST_N', ['****100', '****101', '**', null]],
    ['MASK_LAST_N', ['555****', '555****', '**', null]],
    ['MASK_ALL', ['*******', '*******', '**', null]],
  ] as const)('%s', (operator, masked) => {
    const tasks = [
      projection,
      map('Phone', 'phone'),
      task('Mask', ['Phone'], { operator, properties: { MASK_LENGTH: '4', MASK_VALUE: '*' } }),
    ];
    expect(runTasks(tasks, fields, records)).toEqual(masked.map((phone) => ({ phone })));
  });

  it('MASK_ALL can be told to hide the length', () => {
    const tasks = [
      map('Phone', 'phone'),
      task('Mask', ['Phone'], { operator: 'MASK_ALL', properties: { MASK_LENGTH: '5' } }),
    ];
    expect(runTasks(tasks, fields, [r1, r3], { ...json, fixedMaskLength: true })).toEqual([
      { phone: '*****' },
      { phone: '*****' },
    ]);
  });

  it('makes the column a string, typing or not', () => {
    const tasks = [
      map('Qty', 'qty', { DESTINATION_DATA_TYPE: 'integer' }),
      task('Mask', ['Qty'], { operator: 'MASK_ALL' }),
    ];
    for (const options of [json, csv, typedParquet]) {
      expect(planned(tasks, fields, options).destinationFields).toEqual([
        { name: 'qty', type: 'String', label: 'Qty' },
      ]);
      expect(runTasks(tasks, fields, [r1], options)).toEqual([{ qty: '*' }]);
    }
  });
});

it('Truncate keeps the first characters', () => {
  const tasks = [
    projection,
    map('Name', 'name'),
    map('Email', 'email'),
    task('Truncate', ['Name'], { properties: { TRUNCATE_LENGTH: '3' } }),
    task('Truncate', ['Email'], { properties: { TRUNCATE_LENGTH: '3' } }),
  ];
  expect(runTasks(tasks, fields, records)).toEqual([
    { name: 'Ada', email: 'ada' },
    { name: 'Max', email: null },
    { name: 'Li ', email: 'li@' },
    { name: 'Eva', email: '' },
  ]);
});

describe('Validate', () => {
  const validate = (
    field: string,
    operator: 'NON_NULL' | 'NON_ZERO' | 'NON_NEGATIVE' | 'NUMERIC',
    action = 'DropRecord',
  ) =>
    task('Validate', [field], {
      operator: `VALIDATE_${operator}`,
      properties: { VALIDATION_ACTION: action },
    });

  it.each([
    ['NON_NULL', 'Email', ['001', '003']],
    ['NON_ZERO', 'Qty', ['001', '003', '004']],
    ['NON_NEGATIVE', 'Amount', ['001', '002']],
    ['NUMERIC', 'Amount', ['001', '002', '003']],
    ['NON_ZERO', 'Discount', ['001', '003', '004']],
    ['NON_NEGATIVE', 'Discount', ['001', '002', '003', '004']],
    ['NUMERIC', 'Discount', ['001', '002', '003', '004']],
    ['NUMERIC', 'Email', ['002', '004']],
  ] as const)('%s of %s keeps %o', (operator, field, ids) => {
    const results = runTasks([projection, validate(field, operator), id], fields, records);
    expect(results.filter((result) => result !== 1)).toEqual(ids.map((kept) => ({ id: kept })));
  });

  it('drops what fails one of several, and tells which', () => {
    const tasks = [projection, validate('Email', 'NON_NULL'), validate('Qty', 'NON_ZERO'), id];
    expect(runTasks(tasks, fields, [...records, { ...r1, Qty: 0 }])).toEqual([
      { id: '001' },
      1,
      { id: '003' },
      1,
      2,
    ]);
  });

  it.each(['DropDataset', 'TerminateFlow'])('%s ends the run', (action) => {
    const tasks = [projection, validate('Amount', 'NUMERIC', action), id];
    expect(() => runTasks(tasks, fields, records)).toThrow(
      expect.objectContaining({
        name: 'ValidationTerminated',
        message:
          "tasks[1] (Validate): a record fails VALIDATE_NUMERIC of field 'Amount'; got a text; mend the record at the source, or drop such records with VALIDATION_ACTION DropRecord",
      }),
    );
  });

  it('looks at raw values, and tells none', () => {
    const mask = task('Mask', ['Amount'], { operator: 'MASK_ALL' });
    const tasks = [mask, validate('Amount', 'NUMERIC', 'DropDataset'), id];
    expect(runTasks(tasks, fields, [r1])).toEqual([{ id: '001' }]);
    expect(() => runTasks(tasks, fields, [r4])).toThrow(/got a text; mend/);
  });
});

describe('Arithmetic', () => {
  const net = map('Amount,Discount', 'net_amount', {
    SOURCE_DATA_TYPE: 'double',
    DESTINATION_DATA_TYPE: 'double',
  });
  const subtraction = task('Arithmetic', ['Amount', 'Discount'], {
    operator: 'SUBTRACTION',
    to: 'Amount,Discount',
    properties: { MATH_OPERATION_FIELDS_ORDER: 'Amount,Discount' },
  });

  it('computes an intermediate field that a Map writes', () => {
    expect(runTasks([projection, subtraction, net], fields, records)).toEqual([
      { net_amount: 100 },
      { net_amount: 80 },
      { net_amount: -6 },
      { net_amount: null },
    ]);
  });

  it.each([
    ['ADDITION', 'Amount,Discount', 140],
    ['SUBTRACTION', 'Discount,Amount', -100],
    ['MULTIPLICATION', 'Amount,Discount', 2400],
    ['DIVISION', 'Amount,Discount', 6],
    ['DIVISION', 'Discount,Amount', 20 / 120],
  ] as const)('%s in the order %s', (operator, order, expected) => {
    const computed = task('Arithmetic', ['Amount', 'Discount'], {
      operator,
      to: 'Amount,Discount',
      properties: { MATH_OPERATION_FIELDS_ORDER: order },
    });
    expect(runTasks([computed, net], fields, [r1])).toEqual([{ net_amount: expected }]);
  });

  it('gives null for a division by zero', () => {
    const division = task('Arithmetic', ['Amount', 'Discount'], { operator: 'DIVISION' });
    expect(runTasks([division, net], fields, [r2])).toEqual([{ net_amount: null }]);
  });

  it('reads raw values of masked fields', () => {
    const mask = task('Mask', ['Amount'], { operator: 'MASK_ALL' });
    expect(runTasks([mask, subtraction, net, map('Amount', 'amount')], fields, [r1])).toEqual([
      { net_amount: 100, amount: '***' },
    ]);
  });
});

describe('Merge', () => {
  const label = map('Name,Email', 'label', { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: 'string' });

  it('fills the format, null as nothing', () => {
    const merge = task('Merge', ['Name', 'Email'], {
      to: 'Name,Email',
      properties: { CONCAT_FORMAT: '${Name} - ${Email}' },
    });
    expect(runTasks([projection, merge, label], fields, records)).toEqual([
      { label: 'Ada Byron - ada@example.org' },
      { label: 'Max Kern - ' },
      { label: 'Li Wei - li@example.org' },
      { label: 'Eva Sol - ' },
    ]);
  });

  it('joins without a format, under a name of its own making', () => {
    expect(runTasks([task('Merge', ['Name', 'Email']), label], fields, [r1])).toEqual([
      { label: 'Ada Byronada@example.org' },
    ]);
  });

  it('reads masked and truncated values', () => {
    const tasks = [
      label,
      task('Merge', ['Name', 'Email']),
      task('Mask', ['Email'], { operator: 'MASK_ALL' }),
      task('Truncate', ['Name'], { properties: { TRUNCATE_LENGTH: '3' } }),
    ];
    expect(runTasks(tasks, fields, [r1])).toEqual([{ label: 'Ada***************' }]);
  });

  it('writes dates and numbers as text', () => {
    const merge = task('Merge', ['Qty', 'CreatedDate'], {
      properties: { CONCAT_FORMAT: '${Qty}@${CreatedDate}' },
    });
    expect(
      runTasks([merge, map('Qty,CreatedDate', 'label')], fields, [
        { Qty: 3, CreatedDate: '2026-02-03T12:15:00+02:00' },
      ]),
    ).toEqual([{ label: '3@2026-02-03T10:15:00.000Z' }]);
  });
});

it('Partition names destination fields', () => {
  const tasks = [
    projection,
    id,
    map('Plan', 'plan'),
    task('Partition', ['plan'], {
      operator: 'NO_OP',
      properties: { ORDERED_PARTITION_KEYS_LIST: '["plan"]' },
    }),
  ];
  expect(planned(tasks, fields, json)).toMatchObject({ partitionFields: ['plan'], partitionIndexes: [1] });
});

it('a whole flow, end to end', () => {
  const tasks = [
    task('Filter', ['Id', 'Name', 'Email', 'Plan', 'Amount', 'Discount', 'Phone'], {
      operator: 'PROJECTION',
    }),
    task('Filter', ['Plan'], {
      operator: 'EQUAL_TO',
      properties: { DATA_TYPE: 'string', VALUES: 'gold,silver' },
    }),
    task('Validate', ['Email'], {
      operator: 'VALIDATE_NON_NULL',
      properties: { VALIDATION_ACTION: 'DropRecord' },
    }),
    task('Mask', ['Phone'], { operator: 'MASK_LAST_N', properties: { MASK_LENGTH: '4', MASK_VALUE: '*' } }),
    task('Truncate', ['Name'], { properties: { TRUNCATE_LENGTH: '3' } }),
    task('Arithmetic', ['Amount', 'Discount'], { operator: 'SUBTRACTION', to: 'Amount,Discount' }),
    id,
    map('Name', 'short_name'),
    map('Phone', 'phone'),
    map('Amount,Discount', 'net_amount'),
  ];
  expect(runTasks(tasks, fields, records)).toEqual([
    { id: '001', short_name: 'Ada', phone: '555****', net_amount: 100 },
    2,
    1,
    2,
  ]);
  expect(runTasks(tasks, fields, [r1], csv)).toEqual([
    { id: '001', short_name: 'Ada', phone: '555****', net_amount: '100' },
  ]);
});
