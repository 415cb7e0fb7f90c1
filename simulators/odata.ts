/** OData's query options over rows of plain values, as far as clients of lists ask for them; both versions' literals. */

/** A moment is a Date: each version writes it in its own way. */
export type ODataValue = string | number | boolean | null | Date;
export type ODataRow = Readonly<Record<string, ODataValue>>;

/** What a server refuses: an option that it cannot read, or that names what is not there. */
export class ODataRefusal extends Error {}

/**
 * `$filter`, `$orderby` and `$select`.
 *
 * @param names of all properties; what else is named is refused
 * @throws {ODataRefusal}
 */
export function odataRows(
  rows: readonly ODataRow[],
  query: URLSearchParams,
  names: readonly string[],
): ODataRow[] {
  const known = (name: string): string => {
    if (!names.includes(name)) throw new ODataRefusal(`there is no property '${name}'`);
    return name;
  };
  const filter = query.get('$filter');
  const holds = filter === null ? () => true : parsedFilter(filter, known);
  const order = (query.get('$orderby') ?? '').split(',').flatMap((term) => {
    const [name = '', direction = 'asc'] = term.trim().split(' ');
    return name === '' ? [] : [{ name: known(name), sign: direction === 'desc' ? -1 : 1 }];
  });
  return rows
    .filter(holds)
    .sort((a, b) =>
      order.reduce((found, { name, sign }) => found || sign * compared(a[name] ?? null, b[name] ?? null), 0),
    );
}

/** The properties that `$select` names; all without it. @throws {ODataRefusal} */
export function odataSelected(query: URLSearchParams, names: readonly string[]): readonly string[] {
  const selected = query.get('$select')?.split(',') ?? names;
  for (const name of selected) {
    if (!names.includes(name)) throw new ODataRefusal(`there is no property '${name}'`);
  }
  return selected;
}

/** Null comes first. */
export function compared(a: ODataValue, b: ODataValue): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return a < b ? -1 : a > b ? 1 : 0;
}

const token =
  /\s*(?:(?<open>\()|(?<close>\))|(?<comma>,)|(?<prefix>datetimeoffset|datetime|guid|time)?'(?<text>(?:[^']|'')*)'|(?<moment>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?<guid>[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})|(?<number>-?\d+(?:\.\d+)?)[LMdf]?|(?<word>\w+))/iy;

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
};

type Holds = (row: ODataRow) => boolean;

/** Comparisons of a property with a value, put together by `and`, `or` and parentheses. */
function parsedFilter(filter: string, known: (name: string) => string): Holds {
  const tokens: Readonly<Record<string, string | undefined>>[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < filter.trimEnd().length) {
    const at = token.lastIndex;
    const match = token.exec(filter);
    if (!match) throw new ODataRefusal(`syntax error at position ${at} in '${filter}'`);
    tokens.push({ ...match.groups });
  }
  let at = 0;
  const isWord = (word: string): boolean => tokens[at]?.word === word;

  function either(): Holds {
    const all = [both()];
    while (isWord('or')) {
      at++;
      all.push(both());
    }
    return (row) => all.some((holds) => holds(row));
  }

  function both(): Holds {
    const all = [one()];
    while (isWord('and')) {
      at++;
      all.push(one());
    }
    return (row) => all.every((holds) => holds(row));
  }

  function one(): Holds {
    if (tokens[at]?.open) {
      at++;
      const inner = either();
      if (!tokens[at++]?.close) throw new ODataRefusal(`')' expected in '${filter}'`);
      return inner;
    }
    const name = known(tokens[at++]?.word ?? '');
    const holds = comparisons[tokens[at++]?.word ?? ''];
    const literal = tokens[at++];
    if (!holds || !literal) throw new ODataRefusal(`comparison expected in '${filter}'`);
    const value = literalOf(literal);
    // Nothing is greater or less than null.
    return (row) =>
      row[name] === null && value !== null ? false : holds(compared(row[name] ?? null, value));
  }

  const whole = either();
  if (at < tokens.length) throw new ODataRefusal(`end expected in '${filter}'`);
  return whole;
}

function literalOf({
  prefix,
  text,
  moment,
  guid,
  number,
  word,
}: Readonly<Record<string, string | undefined>>): ODataValue {
  if (prefix === 'datetime') return new Date(`${text}Z`);
  if (prefix === 'datetimeoffset') return new Date(text ?? '');
  if (text !== undefined) return text.replaceAll("''", "'");
  if (moment !== undefined) return new Date(moment);
  if (number !== undefined) return Number(number);
  if (guid !== undefined) return guid.toLowerCase();
  if (word === 'null') return null;
  if (word === 'true' || word === 'false') return word === 'true';
  throw new ODataRefusal(`a value expected, not '${word}'`);
}
