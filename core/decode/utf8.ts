/** UTF-8, as both file formats require it. */

import { isUtf8 } from 'node:buffer';
import { TributaryError } from '../errors.ts';

/** The length of the UTF-8 byte order mark at the beginning of a file, if there is one. */
export function byteOrderMarkLength(bytes: Buffer, at: string): number {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 3;
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new TributaryError('SourceDataInvalid', 'the file is encoded in UTF-16', {
      at,
      expected: 'UTF-8',
      fix: 'convert it, for example with iconv -f UTF-16 -t UTF-8',
    });
  }
  return 0;
}

/**
 * Refuses bytes that are not UTF-8: replaced characters would be a silent loss.
 *
 * @param line of the first byte; `terminator` is the byte that ends a line.
 */
export function checkUtf8(bytes: Buffer, line: number, terminator: number, at: string): void {
  if (isUtf8(bytes)) return;
  let from = 0;
  for (let bad = line; ; bad += 1) {
    const end = bytes.indexOf(terminator, from) + 1 || bytes.length;
    if (!isUtf8(bytes.subarray(from, end))) {
      throw new TributaryError('SourceDataInvalid', 'the line is not valid UTF-8', {
        at: `${at} line ${bad}`,
        fix: 'convert the file, for example with iconv -f WINDOWS-1252 -t UTF-8',
      });
    }
    from = end;
  }
}
