import { expect, test } from 'vitest';
import { jsonScanner } from '../../../core/decode/json-scanner.ts';
import { scanningDecoder } from '../../../core/decode/record-scanner.ts';
import { cellKind, scannedRow } from '../../../core/decode/scanned-records.ts';
import type { Row } from '../../../core/records.ts';

const unread = () => undefined;

function scannerOf(...fields: string[]) {
  const scanner = jsonScanner(fields, () => 'exact');
  if (!scanner) throw new Error('no scanner');
  type ReadLine = (start: number, end: number, line: number) => Row | undefined;
  return {
    scan(bytes: Buffer, ended: boolean, maxRecords: number, readLine: ReadLine) {
      const decode = scanningDecoder(scanner, 'file', (_, start, last, line) => {
        const end = bytes.indexOf('\n', start);
        if (end < 0 && !last) return undefined;
        const row = readLine(start, end < 0 ? bytes.length : end, line);
        return { row, next: end < 0 ? bytes.length : end + 1, lines: end < 0 ? 0 : 1 };
      });
      const { scanned, used, lines } = decode(bytes, ended, 0, maxRecords);
      if (!scanned) throw new Error('nothing scanned');
      return { records: scanned, used, lines };
    },
  };
}

function rowsOf(scanner: ReturnType<typeof scannerOf>, text: string) {
  const { records } = scanner.scan(Buffer.from(text), true, 100, unread);
  return Array.from({ length: records.count }, (_, record) => scannedRow(records, record));
}

// That what is read is right is shown with the format's tests; here, that it is read at all.
test.each<[string, unknown[]]>([
  ['{}', [null, null]],
  ['{"x":{"y":[1,"]"]},"a":"é","b":-12.5}', ['é', -12.5]],
  ['{ "b" : {"c":[true,null]} , "a" : "\\n" }\r', ['\n', { c: [true, null] }]],
  ['{"a":1e3,"b":[1234567890123456]}', ['exact', 'exact']],
  ['{"a":false,"b":true}', [false, true]],
  [`{"a":"${'x'.repeat(500)}","b":"${'é'.repeat(500)}"}`, ['x'.repeat(500), 'é'.repeat(500)]],
])('%s is scanned', (line, row) => {
  expect(rowsOf(scannerOf('a', 'b'), `${line}\n`)).toEqual([row]);
});

test.each(['', '[1]', '{"a":1', '{"\\u0061":1}', '{"a":01}', '{"a":"\u0001"}'])(
  '%j is left to others',
  (line) => {
    const left: string[] = [];
    const bytes = Buffer.from(`{"a":0}\n${line}\n{"a":2}\n`);
    const { records, lines } = scannerOf('a').scan(bytes, true, 100, (start, end, before) => {
      left.push(`${before} ${bytes.toString('utf8', start, end)}`);
      return [1];
    });
    expect(left).toEqual([`1 ${line}`]);
    expect([0, 1, 2].map((record) => scannedRow(records, record))).toEqual([[0], [1], [2]]);
    expect(lines).toBe(3);
  },
);

test('keys may differ from line to line', () => {
  const text = '{"a":1,"b":2}\n{"b":3}\n{"a":4,"b":5}\n';
  expect(rowsOf(scannerOf('a', 'b'), text)).toEqual([
    [1, 2],
    [null, 3],
    [4, 5],
  ]);
});

test('blanks may differ from line to line', () => {
  const text = '{"a":1,"b":"x"}\n{"a": 2,"b":\t"y"}\n{"a" : 3, "b" : "z"}\n{"a":4,"b":"w"}\n';
  expect(rowsOf(scannerOf('a', 'b'), text)).toEqual([
    [1, 'x'],
    [2, 'y'],
    [3, 'z'],
    [4, 'w'],
  ]);
});

test('a line that is not complete stays, unless the file ends with it', () => {
  const scanner = scannerOf('a');
  const bytes = Buffer.from('{"a":1}\n{"a":2}');
  expect(scanner.scan(bytes, false, 100, unread)).toMatchObject({ used: 8, lines: 1, records: { count: 1 } });
  expect(scanner.scan(bytes, true, 100, () => [2])).toMatchObject({
    used: 15,
    lines: 1,
    records: { count: 2 },
  });
});

test('more records and longer pages than the memory began with', () => {
  const scanner = scannerOf('a');
  expect(scanner.scan(Buffer.from('{"a":7}\n'.repeat(300_000)), true, 300_000, unread).records.count).toBe(
    300_000,
  );
  const { records } = scanner.scan(Buffer.from('{"a":7}\n'.repeat(5000)), true, 4000, unread);
  expect([records.count, scannedRow(records, 3999)]).toEqual([4000, [7]]);
});

test('finds members of objects', () => {
  const text = '{"o":{"p":{"x":1},"q":"é","x":"A"}}\n{"o":{"q":2}}\n{"o":[{"q":3}]}\n{"o":"q"}\n';
  const { records } = scannerOf('o').scan(Buffer.from(text), true, 100, unread);
  const member = (record: number, key: string) => {
    const { kernels, memory, end, firstCell } = records;
    memory.ensure(end + 64);
    memory.places[end / 4] = record;
    const [cells, vector] = [16 * firstCell, end + 16];
    kernels.gatherMembers(cells, 1, end, 1, vector, end + 32, records.memberTable(key) ?? 0);
    const isOpen = kernels.openCells(vector, 1, end) === 1;
    return isOpen ? 'none' : records.value(vector / 16);
  };
  expect([0, 1, 2, 3].map((record) => member(record, 'q'))).toEqual(['é', 2, 'none', 'none']);
  expect([member(0, 'x'), member(0, 'p'), member(1, 'x')]).toEqual(['A', 'none', null]);
});

test('tells ASCII from other text, and plain numbers from delicate ones', () => {
  const scanner = scannerOf('a');
  const kindOf = (text: string) => {
    const { records } = scanner.scan(Buffer.from(`{"a":${text}}\n`), true, 1, unread);
    return (records.memory.places[4 * records.firstCell + 1] ?? 0) & 15;
  };
  expect(kindOf('"0123456789abcdef0"')).toBe(cellKind.ascii);
  expect(kindOf('"0123456789abcdefé"')).toBe(cellKind.utf8);
  expect(kindOf('"a","b":"é"')).toBe(cellKind.ascii);
  expect(kindOf('-12345678.90123')).toBe(cellKind.number);
  expect(kindOf('1234567890123456')).toBeGreaterThan(cellKind.number);
  expect(kindOf('1e1')).toBeGreaterThan(cellKind.number);
});

test('a key of more than 124 bytes is left to others', () => {
  expect(jsonScanner(['a', 'k'.repeat(125)], () => null)).toBeUndefined();
});
