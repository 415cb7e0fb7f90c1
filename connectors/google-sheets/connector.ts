import {
  cursor,
  type DiscoveredEntity,
  defineConnector,
  listOrNone,
  long,
  type MetadataReader,
  single,
} from '#core';
import { googleAuth, olderGoogleErrors } from '../google.ts';
import { fieldsOf, rangeOf, rowNumber, rowsOf } from './sheet.ts';

const docs = 'https://developers.google.com/workspace/sheets/api/reference/rest/v4';
const sheetsUrl = 'https://sheets.googleapis.com';
const spreadsheet = 'application/vnd.google-apps.spreadsheet';

/** Cells a request: Google advises answers of 2 MB at most. */
const cellsPerRequest = 50_000;

interface SheetProperties {
  readonly title: string;
  /** GRID, or a chart. */
  readonly sheetType?: string;
  readonly gridProperties?: { readonly rowCount?: number; readonly columnCount?: number };
}

async function sheetsOf(id: string, reader: MetadataReader): Promise<readonly SheetProperties[]> {
  const found = (await reader.list({
    baseUrl: sheetsUrl,
    path: `/v4/spreadsheets/${encodeURIComponent(id)}`,
    query: { fields: 'sheets.properties(title,sheetType,gridProperties(rowCount,columnCount))' },
    records: listOrNone('sheets'),
    pagination: 'onePage',
  })) as readonly { readonly properties: SheetProperties }[];
  return found.map(({ properties }) => properties).filter(({ sheetType = 'GRID' }) => sheetType === 'GRID');
}

/** AppFlow's names of entities have no blanks; titles of sheets do: `Form%20Responses%201`. */
function nameOf(id: string, title: string): string {
  return `${id}/${title.replaceAll(/[\s%]/g, encodeURIComponent)}`;
}

/** `<spreadsheet ID>/<sheet's title>`; an ID has no slash. A `%` of a title before two hexadecimal digits is written `%25`. */
function partsOf(name: string): { readonly id: string; readonly title: string | undefined } {
  const slash = name.indexOf('/');
  if (slash < 0) return { id: name, title: undefined };
  const title = name.slice(slash + 1);
  return { id: name.slice(0, slash), title: title.replaceAll(/(?:%[0-9A-F]{2})+/gi, decoded) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function describe(name: string, reader: MetadataReader): Promise<DiscoveredEntity | undefined> {
  const { id, title } = partsOf(name);
  if (title === undefined) return undefined;
  const sheet = (await sheetsOf(id, reader)).find((one) => one.title === title);
  if (!sheet) return undefined;
  const { rowCount = 0, columnCount = 0 } = sheet.gridProperties ?? {};
  const range = rangeOf(title, Math.max(columnCount, 1), 1, 1);
  const [answer] = (await reader.list({
    baseUrl: sheetsUrl,
    path: `/v4/spreadsheets/${encodeURIComponent(id)}/values/${encodeURIComponent(range)}`,
    records: single(),
    pagination: 'onePage',
  })) as readonly { readonly values?: readonly (readonly unknown[])[] }[];
  const headers = answer?.values?.[0] ?? [];
  return {
    name,
    label: title,
    fields: fieldsOf(headers, `Google Sheets.${name}`),
    facts: { id, title, rows: String(rowCount), columns: String(headers.length) },
  };
}

/** Of all rows below the headers. */
function rangesOf({ title = '', rows, columns }: Readonly<Record<string, string>>): string[] {
  const [last, width] = [Number(rows), Number(columns)];
  const height = Math.max(1, Math.floor(cellsPerRequest / width));
  const ranges: string[] = [];
  for (let from = 2; from <= last; from += height) {
    ranges.push(rangeOf(title, width, from, Math.min(last, from + height - 1)));
  }
  return ranges;
}

export const googleSheets = defineConnector({
  label: 'Google Sheets',
  docs,
  apiVersion: 'Sheets v4, Drive v3',
  baseUrl: 'https://www.googleapis.com',
  hosts: ['www.googleapis.com', 'sheets.googleapis.com'],
  auth: googleAuth('spreadsheets.readonly', 'drive.readonly'),
  validateCredentials: 'GET /drive/v3/about?fields=user',
  settings: {
    valueRenderOption: {
      label: 'Value render option',
      description: 'Values as they are shown, as they are stored, or formulas as they were written.',
      default: 'FORMATTED_VALUE',
      values: ['FORMATTED_VALUE', 'UNFORMATTED_VALUE', 'FORMULA'],
    },
    dateTimeRenderOption: {
      label: 'Date and time render option',
      description: 'Of values as they are stored: days since 1899-12-30, or the text that is shown.',
      default: 'FORMATTED_STRING',
      values: ['SERIAL_NUMBER', 'FORMATTED_STRING'],
    },
  },
  // https://developers.google.com/workspace/sheets/api/limits: 60 a minute for a user, refilled every minute.
  rateLimit: { budget: { requests: 50, seconds: 60 }, otherwiseSeconds: 60 },
  errors: olderGoogleErrors,
  entities: {},
  discovery: {
    docs: `${docs}/spreadsheets/get`,
    async list(reader) {
      const files = (await reader.list({
        path: '/drive/v3/files',
        query: {
          q: `mimeType = '${spreadsheet}' and trashed = false`,
          orderBy: 'name',
          fields: 'nextPageToken,files(id,name)',
          supportsAllDrives: 'true',
          includeItemsFromAllDrives: 'true',
        },
        records: listOrNone('files'),
        pagination: cursor({ at: 'nextPageToken', param: 'pageToken', size: { pageSize: 1000 } }),
      })) as readonly { readonly id: string; readonly name: string }[];
      return files.map(({ id, name }) => ({ name: id, label: name, hasNestedEntities: true }));
    },
    async nested(name, reader) {
      const { id, title } = partsOf(name);
      if (title !== undefined) return [];
      return (await sheetsOf(id, reader)).map((sheet) => ({
        name: nameOf(id, sheet.title),
        label: sheet.title,
      }));
    },
    describe,
    entity: ({ label, fields, facts = {} }) => ({
      label,
      docs: `${docs}/spreadsheets.values/get`,
      baseUrl: sheetsUrl,
      path: `/v4/spreadsheets/${encodeURIComponent(facts.id ?? '')}/values/{range}`,
      each: { range: rangesOf(facts) },
      query: {
        majorDimension: 'ROWS',
        valueRenderOption: '{valueRenderOption}',
        dateTimeRenderOption: '{dateTimeRenderOption}',
      },
      records: rowsOf,
      primaryKey: [rowNumber],
      fields: { ...fields, [rowNumber]: long({ description: "The row's number in the sheet." }) },
    }),
  },
});
