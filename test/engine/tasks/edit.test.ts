import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskOperators } from '../../../core/operators.ts';
import { compileEdits, compilePartEdits, type Edit } from '../../../engine/tasks/edit.ts';

const mask = (operator: (typeof maskOperators)[number], length?: number, char = '*'): Edit => ({
  kind: 'mask',
  operator,
  mask: char,
  ...(length !== undefined && { length }),
});
const edit = (one: Edit) => compileEdits([one], {});

describe('mask', () => {
  it.each([
    [mask('MASK_FIRST_N', 4), '5550100', '****100'],
    [mask('MASK_FIRST_N', 4), '77', '**'],
    [mask('MASK_LAST_N', 4), '5550100', '555****'],
    [mask('MASK_LAST_N', 4), '77', '**'],
    [mask('MASK_ALL'), '5550100', '*******'],
    [mask('MASK_ALL'), '77', '**'],
    [mask('MASK_ALL'), '', ''],
    [mask('MASK_ALL', 5), '77', '*****'],
    [mask('MASK_LAST_N', 0), '77', '77'],
    [mask('MASK_LAST_N', 2, '#'), '5550100', '55501##'],
  ])('%o of %s is %s', (one, text, masked) => {
    expect(edit(one)(text)).toBe(masked);
  });

  it('leaves null, and takes the text of other values', () => {
    expect(edit(mask('MASK_ALL', 5))(null)).toBe(null);
    expect(edit(mask('MASK_LAST_N', 2))(12345)).toBe('123**');
    expect(edit(mask('MASK_ALL'))({ a: 1 })).toBe('*******');
  });

  it('counts code points', () => {
    expect(edit(mask('MASK_FIRST_N', 1))('😀ab')).toBe('*ab');
    expect(edit(mask('MASK_LAST_N', 1))('ab😀')).toBe('ab*');
    expect(edit(mask('MASK_ALL'))('😀😀')).toBe('**');
  });

  it('never leaks a masked character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.nat(30),
        fc.constantFrom(...maskOperators),
        (text, length, operator) => {
          const characters = Array.from(text);
          const count = operator === 'MASK_ALL' ? characters.length : Math.min(length, characters.length);
          const kept =
            operator === 'MASK_LAST_N'
              ? characters.slice(0, characters.length - count)
              : characters.slice(count);
          // U+10FFFF stands in for the mask, so that a leaked character cannot pass for one.
          const masks = Array<string>(count).fill('\u{10ffff}');
          const expected = operator === 'MASK_LAST_N' ? [...kept, ...masks] : [...masks, ...kept];
          const chosen =
            operator === 'MASK_ALL'
              ? mask(operator, undefined, '\u{10ffff}')
              : mask(operator, length, '\u{10ffff}');
          expect(edit(chosen)(text)).toBe(expected.join(''));
        },
      ),
    );
  });
});

describe('truncate', () => {
  it('keeps the first characters', () => {
    expect(edit({ kind: 'truncate', length: 3 })('Ada Byron')).toBe('Ada');
    expect(edit({ kind: 'truncate', length: 3 })('Li Wei')).toBe('Li ');
    expect(edit({ kind: 'truncate', length: 3 })(null)).toBe(null);
    expect(edit({ kind: 'truncate', length: 3 })(12345)).toBe('123');
    expect(edit({ kind: 'truncate', length: 2 })('😀😀😀')).toBe('😀😀');
  });

  it('gives the beginning of the text, no longer than asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(20), (text, length) => {
        const short = String(edit({ kind: 'truncate', length })(text));
        expect(text.startsWith(short)).toBe(true);
        expect(Array.from(short).length).toBe(Math.min(length, Array.from(text).length));
      }),
    );
  });
});

it('applies edits in their order', () => {
  const truncate: Edit = { kind: 'truncate', length: 3 };
  expect(compileEdits([truncate, mask('MASK_LAST_N', 2)], {})('abcdef')).toBe('a**');
  expect(compileEdits([mask('MASK_LAST_N', 2), truncate], {})('abcdef')).toBe('abc');
});

it('masks a DateTime as it would be written', () => {
  expect(compileEdits([mask('MASK_LAST_N', 14)], { type: 'DateTime' })('2026-02-03T12:15:00+02:00')).toBe(
    '2026-02-03**************',
  );
});

describe('parts of a record', () => {
  const change = (path: string, edits: readonly Edit[] | 'remove', record: object) =>
    compilePartEdits([{ path, edits }])(record);
  const masked = [mask('MASK_ALL', 3)];

  it('are edited in a copy', () => {
    const record = { user: { email: 'ada@example.org', id: 1 }, n: 1 };
    expect(change('user.email', masked, record)).toEqual({ user: { email: '***', id: 1 }, n: 1 });
    expect(change('user.email', 'remove', record)).toEqual({ user: { id: 1 }, n: 1 });
    expect(change('n', 'remove', record)).toEqual({ user: { email: 'ada@example.org', id: 1 } });
    expect(record).toEqual({ user: { email: 'ada@example.org', id: 1 }, n: 1 });
  });

  it('are found under a literal key first, and in every object of a list', () => {
    expect(change('a.b', masked, { 'a.b': 'x', a: { b: 'y' } })).toEqual({ 'a.b': '***', a: { b: 'y' } });
    expect(change('to.mail', masked, { to: [{ mail: 'x' }, [{ mail: 'y' }], 5, { mail: null }] })).toEqual({
      to: [{ mail: '***' }, [{ mail: '***' }], 5, { mail: null }],
    });
  });

  it('may be missing', () => {
    const record = { user: null, text: 'x' };
    for (const path of ['none', 'none.x', 'user.email', 'text.length', 'toString.name'])
      expect(change(path, masked, record), path).toEqual(record);
  });
});
