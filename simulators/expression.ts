/** Conditions joined by AND and OR, with brackets: what vendors' search languages have in common. */

export type Predicate<T> = (record: T) => boolean;

/**
 * @param condition reads one comparison; `undefined` if it does not understand it
 * @returns `undefined` if the text is no such expression
 */
export function predicate<T>(
  text: string,
  condition: (text: string) => Predicate<T> | undefined,
): Predicate<T> | undefined {
  const alternatives = parted(text, 'or');
  if (alternatives.length > 1) return joined(alternatives, condition, 'some');
  const conditions = parted(text, 'and');
  if (conditions.length > 1) return joined(conditions, condition, 'every');
  const trimmed = text.trim();
  const inner = unwrapped(trimmed);
  return inner === undefined ? condition(trimmed) : predicate(inner, condition);
}

function joined<T>(
  parts: readonly string[],
  condition: (text: string) => Predicate<T> | undefined,
  how: 'some' | 'every',
): Predicate<T> | undefined {
  const read = parts.map((part) => predicate(part, condition));
  const known = read.filter((one) => one !== undefined);
  if (known.length < read.length) return undefined;
  return (record) => known[how]((holds) => holds(record));
}

/** At a word that stands outside of brackets and quotes. */
function parted(text: string, word: 'and' | 'or'): string[] {
  const parts: string[] = [];
  let begin = 0;
  for (const { at, depth } of outside(text)) {
    const next = text.slice(at).match(new RegExp(`^\\s${word}(?=[\\s(])`, 'i'));
    if (depth !== 0 || !next) continue;
    parts.push(text.slice(begin, at));
    begin = at + next[0].length;
  }
  return [...parts, text.slice(begin)];
}

/** What a pair of brackets around the whole encloses. */
function unwrapped(text: string): string | undefined {
  if (!text.startsWith('(') || !text.endsWith(')')) return undefined;
  for (const { at, depth } of outside(text)) if (depth === 0 && at > 0 && at < text.length) return undefined;
  return text.slice(1, -1);
}

/** Places outside of quotes, with the brackets that are open there. */
function* outside(text: string): Generator<{ readonly at: number; readonly depth: number }> {
  let depth = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (quote !== '') {
      if (sign === '\\') at++;
      else if (sign === quote) quote = '';
      continue;
    }
    if (sign === '"' || sign === "'") quote = sign;
    yield { at, depth };
    if (sign === '(') depth++;
    if (sign === ')') depth--;
  }
}
