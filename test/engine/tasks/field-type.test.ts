import { expect, it } from 'vitest';
import { fieldTypeOf } from '../../../engine/tasks/field-type.ts';

it.each([
  ['string', 'String'],
  ['STRING', 'String'],
  ['id', 'String'],
  ['picklist', 'String'],
  ['Reference', 'String'],
  ['textarea', 'String'],
  ['character varying', 'String'],
  ['varchar(40)', 'String'],
  ['boolean', 'Boolean'],
  ['smallint', 'Short'],
  ['int', 'Integer'],
  ['integer', 'Integer'],
  ['Long', 'Long'],
  ['BigInteger', 'BigInteger'],
  ['float', 'Float'],
  ['double precision', 'Double'],
  ['currency', 'Double'],
  ['percent', 'Double'],
  ['numeric(12, 2)', 'BigDecimal'],
  ['date', 'Date'],
  ['DateTime', 'DateTime'],
  ['timestamp', 'DateTime'],
  ['time', 'Time'],
  ['ByteArray', 'ByteArray'],
  ['Struct', 'Struct'],
  ['List', 'List'],
  ['Map', 'Map'],
  ['CSV', undefined],
  ['constructor', undefined],
  [undefined, undefined],
])('%s is %s', (name, type) => {
  expect(fieldTypeOf(name)).toBe(type);
});
