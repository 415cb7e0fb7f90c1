/** What a sheet's cells are as records: the rules for headers and rows. Pure. */

import { type DiscoveredField, type ReadRecords, TributaryError } from '#core';

/** A field that every sheet has. */
export const rowNumber = 'rowNumber';

/** A column's letters: 0 is A, 26 is AA. */
export function columnName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnName(Math.floor(index / 26) - 1) + letter;
}

/**
 * A field for each column with a header. Blanks around a header and line ends in it do not count. Headers that are there twice
 * are told apart by their columns' letters, all of them: none may take another's place when columns move.
 *
 * @throws SourceDataInvalid if there is no header, or two columns would have one name all the same
 */
export function fieldsOf(headers: readonly unknown[], at: string): Record<string, DiscoveredField> {
  const columns = headers
    .map((header, index) => ({
      name: String(header).trim().replaceAll(/\s+/g, ' '),
      letters: columnName(index),
    }))
    .filter(({ name }) => name !== '');
  if (columns.length === 0) {
    throw new TributaryError('SourceDataInvalid', 'the sheet has no headers', {
      at,
      expected: 'the names of the columns in the first row',
    });
  }
  const names = [rowNumber, ...columns.map(({ name }) => name)];
  const isUnique = (name: string) => names.indexOf(name) === names.lastIndexOf(name);
  const fields = new Map<string, DiscoveredField>();
  for (const { name, letters } of columns) {
    const own = isUnique(name) ? name : `${name} (${letters})`;
    if (fields.has(own)) {
      throw new TributaryError('SourceDataInvalid', 'two columns of the sheet have one name', {
        at,
        got: own,
        fix: 'give one of them another header',
      });
    }
    fields.set(own, { type: 'String', label: name, at: letters });
  }
  return Object.fromEntries(fields);
}

/** Cells by their columns' letters. An empty cell is null, a row of empty cells no record. */
export const rowsOf: ReadRecords = (answer) => {
  const { range = '', values = [] } = answer as {
    readonly range?: string;
    readonly values?: readonly (readonly unknown[])[];
  };
  // The title may have digits and exclamation marks: 'Q1!'!A2:F1001
  const first = Number(/^[A-Z]+(\d+)/.exec(range.slice(range.lastIndexOf('!') + 1))?.[1]);
  return values.flatMap((cells, index) => {
    const filled = cells.flatMap((value, column): [string, unknown][] =>
      value === '' ? [] : [[columnName(column), value]],
    );
    return filled.length === 0 ? [] : [{ ...Object.fromEntries(filled), [rowNumber]: first + index }];
  });
};

/** A1 notation of some rows of a sheet. */
export function rangeOf(title: string, columns: number, from: number, to: number): string {
  return `'${title.replaceAll("'", "''")}'!A${from}:${columnName(columns - 1)}${to}`;
}
