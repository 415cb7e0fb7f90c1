import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArithmeticOperator } from '../../../core/operators.ts';
import type { Value } from '../../../core/records.ts';
import {
  calculate,
  compareDecimals,
  type Decimal,
  decimalOf,
  decimalText,
  wholeOf,
} from '../../../engine/tasks/decimal.ts';

function decimal(value: Value): Decimal {
  const parsed = decimalOf(value);
  if (parsed === undefined) throw new Error(`${String(value)} is no number`);
  return parsed;
}

const result = (operator: ArithmeticOperator, ...operands: Value[]) => {
  const computed = calculate(operator, operands.map(decimal));
  return computed && decimalText(computed);
};

describe('decimalOf', () => {
  it.each<[Value, string]>([
    ['100.00', '100.00'],
    ['-0.05', '-0.05'],
    [' +7 ', '7'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1.5e3', '1500'],
    ['15e-4', '0.0015'],
    [0.1, '0.1'],
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
    [-0, '0'],
    [9007199254740993n, '9007199254740993'],
  ])('reads %s', (value, text) => {
    expect(decimalText(decimal(value))).toBe(text);
  });

  it.each<[Value]>([
    ['n/a'],
    [''],
    ['.'],
    ['-'],
    ['1,5'],
    ['0x10'],
    ['1 2'],
    ['Infinity'],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [true],
    [null],
    [{}],
    ['1e9999'],
    ['9'.repeat(500)],
  ])('does not take %s for a number', (value) => {
    expect(decimalOf(value)).toBe(undefined);
  });
});

describe('calculate', () => {
  it('shows no binary noise', () => {
    expect(result('ADDITION', 0.1, 0.2)).toBe('0.3');
    expect(result('SUBTRACTION', 0.3, 0.1)).toBe('0.2');
    expect(result('MULTIPLICATION', 19.99, 3)).toBe('59.97');
    expect(result('MULTIPLICATION', 1.1, 1.1)).toBe('1.21');
  });

  it('keeps the digits of money and of integers beyond 2^53', () => {
    expect(result('SUBTRACTION', '120.00', '20.00')).toBe('100.00');
    expect(result('ADDITION', 9007199254740993n, 1)).toBe('9007199254740994');
    expect(result('ADDITION', '12345678901234567890.12', '0.01')).toBe('12345678901234567890.13');
  });

  it('goes from left to right', () => {
    expect(result('SUBTRACTION', 10, 3, 2)).toBe('5');
    expect(result('DIVISION', 100, 5, 2)).toBe('10');
  });

  it('ends an endless quotient after 34 digits, half to even', () => {
    expect(result('DIVISION', 1, 3)).toBe(`0.${'3'.repeat(34)}`);
    expect(result('DIVISION', 2, 3)).toBe(`0.${'6'.repeat(33)}7`);
    expect(result('DIVISION', -2, 3)).toBe(`-0.${'6'.repeat(33)}7`);
    expect(result('DIVISION', `1${'0'.repeat(33)}1`, 2)).toBe(`5${'0'.repeat(33)}`);
    expect(result('DIVISION', `1${'0'.repeat(33)}3`, 2)).toBe(`5${'0'.repeat(32)}2`);
    expect(result('DIVISION', 200, 3)).toBe(`66.${'6'.repeat(31)}7`);
  });

  it('shows an exact quotient without trailing zeros', () => {
    expect(result('DIVISION', 120, 20)).toBe('6');
    expect(result('DIVISION', 1, 8)).toBe('0.125');
    expect(result('DIVISION', '1', '1e-30')).toBe(`1${'0'.repeat(30)}`);
    expect(result('DIVISION', 0, 7)).toBe('0');
  });

  it('has no result for a division by zero or for more than 800 digits', () => {
    expect(result('DIVISION', 1, 0)).toBe(undefined);
    expect(result('DIVISION', 1, 0, 5)).toBe(undefined);
    expect(result('MULTIPLICATION', '9'.repeat(300), '9'.repeat(300))).toHaveLength(600);
    expect(result('MULTIPLICATION', '9'.repeat(300), '9'.repeat(300), '9'.repeat(300))).toBe(undefined);
  });

  it('multiplies back what it divided, to 33 digits', () => {
    const numbers = fc.tuple(
      fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
      fc.integer({ min: 0, max: 12 }),
    );
    fc.assert(
      fc.property(numbers, numbers, ([x, xScale], [y, yScale]) => {
        fc.pre(y !== 0n);
        const dividend = { digits: x, scale: xScale };
        const divisor = { digits: y, scale: yScale };
        const quotient = calculate('DIVISION', [dividend, divisor]);
        if (quotient === undefined) throw new Error('no quotient');
        const back = { digits: quotient.digits * y, scale: quotient.scale + yScale };
        const scale = Math.max(back.scale, xScale);
        const difference =
          back.digits * 10n ** BigInt(scale - back.scale) - x * 10n ** BigInt(scale - xScale);
        const size = x * 10n ** BigInt(scale - xScale);
        const abs = (value: bigint) => (value < 0n ? -value : value);
        expect(abs(difference) * 10n ** 33n <= abs(size)).toBe(true);
      }),
    );
  });
});

it('compares by value', () => {
  expect(compareDecimals(decimal('0.10'), decimal('0.1'))).toBe(0);
  expect(compareDecimals(decimal('-2'), decimal('1.5'))).toBe(-1);
  expect(compareDecimals(decimal('9007199254740993'), decimal(9007199254740992))).toBe(1);
});

it('tells whole numbers', () => {
  expect(wholeOf(decimal('3.00'))).toBe(3n);
  expect(wholeOf(decimal('3.5'))).toBe(undefined);
});
