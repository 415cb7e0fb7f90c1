import { crc32, deflateRawSync } from 'node:zlib';

/** A zip archive (PKWARE's APPNOTE.TXT, 4.3) of these files, each deflated and with its sizes behind it, as streaming writers do. */
export function zipOf(files: readonly (readonly [name: string, content: Uint8Array])[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const packed = deflateRawSync(content);
    const path = Buffer.from(name);
    const sizes = fields([4, crc32(content)], [4, packed.length], [4, content.length]);
    // Version 2.0; flag 8: a descriptor follows; method 8; no time.
    const common = fields([2, 20], [2, 8], [2, 8], [4, 0]);
    const lengths = fields([2, path.length], [2, 0]);
    const local = [fields([4, 0x04034b50]), common, Buffer.alloc(12), lengths, path, packed];
    parts.push(...local, fields([4, 0x08074b50]), sizes);
    const rest = fields([2, 0], [2, 0], [2, 0], [4, 0], [4, offset]);
    directory.push(fields([4, 0x02014b50], [2, 20]), common, sizes, lengths, rest, path);
    offset = Buffer.concat(parts).length;
  }
  const central = Buffer.concat(directory);
  const count = files.length;
  const end = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, central.length],
    [4, offset],
    [2, 0],
  );
  return Buffer.concat([...parts, central, end]);
}

/** Little-endian numbers of so many bytes. */
function fields(...numbers: readonly (readonly [bytes: number, value: number])[]): Buffer {
  return Buffer.concat(
    numbers.map(([bytes, value]) => {
      const field = Buffer.alloc(bytes);
      field.writeUIntLE(value, 0, bytes);
      return field;
    }),
  );
}
