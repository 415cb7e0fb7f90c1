import type { SimulatedRecord } from '../collection.ts';
import type { Answer, Asked, World } from '../exchange.ts';
import { googleAuth, googleRefusal } from '../google.ts';
import { numbered, type Vendor } from '../vendor.ts';

const spreadsheetId = '1simulatedqpyC0XzvTcKT6EISywvOrders';
const title = "Orders '26!";
/** As wide as a sheet is that people have grown; one header is blank, and one is there twice. */
const width = 120;
const headers = ['Order', 'Price', '', 'Price', 'Note'];
const headerRow = Array.from({ length: width }, (_, index) => headers[index] ?? `Month ${index}`);

/** A record has one row for good. Whoever deletes an order clears its cells. */
function row(record: SimulatedRecord | undefined): string[] {
  if (!record || record.isDeleted) return [];
  const { number, version } = record;
  const cells = [
    `Order ${number}`,
    record.pick(['$20.50', '$15', '']),
    'no header',
    '',
    `version ${version}`,
    ...record.pick([[], ['', '', '7'], ['1', '2']]),
  ];
  return trimmed(cells, (cell) => cell === '');
}

/** "Empty trailing rows and columns are omitted." */
function trimmed<T>(all: readonly T[], isEmpty: (one: T) => boolean): T[] {
  return all.slice(0, all.findLastIndex((one) => !isEmpty(one)) + 1);
}

/** Rows of the grid: people leave some below what they have filled. */
function rowCount(world: World): number {
  return world.collection('orders').all().length + 1 + 150;
}

function columnOf(letters: string): number {
  return [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0);
}

function spreadsheet({ path }: Asked, world: World): Answer {
  if (path.id !== spreadsheetId) return notFound();
  const grid = { sheetType: 'GRID', gridProperties: { rowCount: rowCount(world), columnCount: width } };
  return {
    body: {
      sheets: [{ properties: { title, ...grid } }, { properties: { title: 'Chart1', sheetType: 'OBJECT' } }],
    },
  };
}

/** Cells of a range in A1 notation, as they are shown. */
function values({ path }: Asked, world: World): Answer {
  if (path.id !== spreadsheetId) return notFound();
  const { range = '' } = path;
  const [, sheet = '', fromColumn = '', fromRow = '', toColumn = '', toRow = ''] =
    /^'((?:[^']|'')+)'!([A-Z]+)(\d+):([A-Z]+)(\d+)$/.exec(range) ?? [];
  if (sheet.replaceAll("''", "'") !== title) {
    return googleRefusal(400, undefined, { message: `Unable to parse range: ${range}` });
  }
  const [first, last] = [Number(fromRow), Number(toRow)];
  const rows = rowCount(world);
  if (first > rows || columnOf(fromColumn) > width) {
    const message = `Range (${range}) exceeds grid limits. Max rows: ${rows}, max columns: ${width}`;
    return googleRefusal(400, undefined, { message });
  }
  const found: string[][] = [];
  for (let number = first; number <= Math.min(last, rows); number++) {
    const cells = number === 1 ? headerRow : row(world.collection('orders').find(number - 1));
    found.push(trimmed(cells.slice(columnOf(fromColumn) - 1, columnOf(toColumn)), (cell) => cell === ''));
  }
  const filled = trimmed(found, (cells) => cells.length === 0);
  return { body: { range, majorDimension: 'ROWS', ...(filled.length > 0 && { values: filled }) } };
}

/** Spreadsheets that the account sees, in pages with tokens. */
function files({ query }: Asked): Answer {
  const all = Array.from({ length: 5 }, (_, index) => ({
    id: index === 0 ? spreadsheetId : `1simulated${index}`,
    name: `Orders ${2026 - index}`,
  }));
  const start = Number(query.get('pageToken')?.replace('simulated-page-', '') ?? 0);
  const end = start + Math.min(Number(query.get('pageSize') ?? 100), 3);
  const more = end < all.length && { nextPageToken: `simulated-page-${end}` };
  return { body: { ...more, files: all.slice(start, end) } };
}

function notFound(): Answer {
  return googleRefusal(404, undefined, { message: 'Requested entity was not found.' });
}

export const googleSheets: Vendor = {
  connector: 'GoogleSheets',
  docs: [
    'https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values/get',
    'https://developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets/get',
    'https://developers.google.com/workspace/sheets/api/samples/reading',
    'https://developers.google.com/workspace/sheets/api/limits',
    'https://developers.google.com/workspace/drive/api/reference/rest/v3/files/list',
  ],
  settings: {},
  auth: [googleAuth()],
  // Of a user and a minute.
  rateLimits: [
    {
      requests: 60,
      seconds: 60,
      counts: ({ url }) => url.startsWith('/v4/'),
      refuse: () => {
        const message =
          "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user'";
        return googleRefusal(429, undefined, { message });
      },
    },
  ],
  // Ranges are as large as they are asked for.
  collections: { orders: { records: (count) => count * 3 } },
  routes: {
    'GET /v4/spreadsheets/{id}/values/{range}': values,
    'GET /v4/spreadsheets/{id}': spreadsheet,
    'GET /drive/v3/files': files,
    'GET /drive/v3/about': () => ({ body: { user: { displayName: 'Integration' } } }),
  },
  refuse: (status, retryAfterSeconds) => googleRefusal(status, retryAfterSeconds),
  flows: [
    {
      // A sheet tells of no changes: every run has all rows, each once.
      // A title has blanks, an entity's name has none.
      entityName: `${spreadsheetId}/${title.replaceAll(' ', '%20')}`,
      title: 'rows of a sheet',
      collection: 'orders',
      sees: 'all',
      onePage: 'every range has an address of its own',
      identify: ({ Order, Note }) => numbered(Order, Note),
    },
  ],
};
