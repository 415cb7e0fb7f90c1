import { describe, expect, it } from 'vitest';
import { differenceOf, normalForm } from '../../../engine/compare/value-form.ts';

describe('two values', () => {
  it.each([
    ['"a"', '"a"', undefined],
    ['"a"', '"b"', 'value'],
    ['"a"', '"A"', 'value'],
    [undefined, 'null', 'null form'],
    ['null', '""', 'null form'],
    ['null', '0', 'value'],
    ['""', '" "', 'value'],
    ['1', '"1"', 'type'],
    ['true', '"true"', 'type'],
    ['1', 'true', 'value'],
    ['1.50', '"1.5"', 'number form'],
    ['1e3', '1000', 'number form'],
    ['"007"', '"7"', 'value'],
    ['"+7"', '7', 'value'],
    ['12345678901234567890', '12345678901234567891', 'value'],
    ['"2026-01-01T00:00:00Z"', '"2026-01-01T01:00:00.000+01:00"', 'date form'],
    ['"2026-01-01"', '"2026-01-01T00:00:00.000Z[UTC]"', 'date form'],
    ['"2026-01-01 00:00:00"', '"2026-01-01T00:00:00Z"', 'date form'],
    ['1767225600000', '"2026-01-01T00:00:00Z"', 'date form'],
    ['"2026-01-01T00:00:00Z"', '1767225600', 'date form'],
    ['"2026-01-01T00:00:00.000001Z"', '"2026-01-01T00:00:00Z"', 'value'],
    ['{"a":1,"b":[2]}', '{"b":[2],"a":1}', 'nested form'],
    ['{"a":1}', '"{\\"a\\": 1}"', 'nested form'],
    ['{"a":1}', '{"a":2}', 'value'],
    ['"{no json"', '"{"', 'value'],
  ])('%s and %s: %s', (a, b, kind) => {
    expect(differenceOf(a, b)).toBe(kind);
    expect(differenceOf(b, a)).toBe(kind);
    const isEpoch = /\d{10}/.test(`${a}${b}`) && kind === 'date form';
    if (!isEpoch) expect(normalForm(a) === normalForm(b)).toBe(kind !== 'value');
  });
});
