import { describe, expect, it } from 'vitest';
import { compilePath, valueAt } from '../../core/record-path.ts';

describe('valueAt', () => {
  it('reads nested fields by dots', () => {
    expect(valueAt({ user: { address: { city: 'Ulm' } } }, 'user.address.city')).toBe('Ulm');
  });

  it('prefers a literal key at every level', () => {
    expect(valueAt({ 'a.b': 1, a: { b: 2 } }, 'a.b')).toBe(1);
    expect(valueAt({ a: { 'b.c': 1, b: { c: 2 } } }, 'a.b.c')).toBe(1);
    expect(valueAt({ 'a.b': null, a: { b: 2 } }, 'a.b')).toBe(null);
  });

  it('gives null for what is missing, and does not enter arrays, text or numbers', () => {
    const record = { list: [{ x: 1 }], text: 'abc', number: 1, nothing: null };
    for (const name of [
      'none',
      'none.x',
      'list.x',
      'list.0',
      'list.length',
      'text.length',
      'number.x',
      'nothing.x',
    ])
      expect(valueAt(record, name), name).toBe(null);
  });

  it('never sees what a record inherits', () => {
    const read = compilePath('constructor');
    expect(read({})).toBe(null);
    expect(read(JSON.parse('{"constructor":"own"}'))).toBe('own');
    expect(valueAt({}, 'toString.length')).toBe(null);
    expect(valueAt(JSON.parse('{"__proto__":{"x":5}}'), '__proto__.x')).toBe(5);
  });
});
