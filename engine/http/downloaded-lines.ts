/** Lines of a downloaded file, a few at a time in memory. */

import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { RandomAccessReader } from 'yauzl';
import type { FileFormat } from '../../core/connector/list-request.ts';
import { TributaryError } from '../../core/errors.ts';
import { roomFor } from '../../core/flow/function-memory.ts';
import type { DownloadedFile } from '../../core/ports.ts';

const lf = 0x0a;

export interface Line {
  readonly bytes: Buffer;
  /** For errors: `line 7`, `2024-05-01_10#0.json.gz line 7`. */
  readonly place: string;
}

/**
 * All lines that are not blank, in the file's order; of an archive in the order of its entries' names, as each is made anew
 * with every request.
 *
 * @param longest bytes of a line
 * @throws ServerError for what is broken: most likely it was cut short on its way; SourceDataInvalid for a line that is too long
 */
export async function* linesOf(
  file: DownloadedFile,
  format: FileFormat,
  at: string,
  longest: number,
): AsyncGenerator<Line> {
  if (format === 'jsonLines') {
    yield* linesIn(file.read({ start: 0, end: file.size }), '', at, longest);
    return;
  }
  try {
    // An hour without data may come as an archive of nothing at all.
    if (file.size === 0) return;
    const archive = await archiveOf(file);
    const entries = [];
    for await (const entry of archive.eachEntry()) entries.push(entry);
    // Names are compared by code units: the same on every machine.
    entries.sort((one, other) => (one.fileName < other.fileName ? -1 : 1));
    for (const entry of entries) {
      const { fileName } = entry;
      if (fileName.endsWith('/')) continue;
      const packed = await archive.openReadStreamPromise(entry);
      const bytes = fileName.endsWith('.gz') ? pipeline(packed, createGunzip(), () => {}) : packed;
      yield* linesIn(bytes, `${fileName.slice(fileName.lastIndexOf('/') + 1)} `, at, longest);
    }
  } catch (error) {
    if (error instanceof TributaryError) throw error;
    throw broken(at, error);
  }
}

/** @throws ServerError for an archive that broke off: what says where its files are stands at its end */
export async function checkWhole(file: DownloadedFile, format: FileFormat, at: string): Promise<void> {
  if (format === 'jsonLines' || file.size === 0) return;
  await archiveOf(file).catch((error: unknown) => {
    throw broken(at, error);
  });
}

function broken(at: string, cause: unknown): TributaryError {
  return new TributaryError('ServerError', "the answer's archive is broken", { at, cause });
}

async function archiveOf(file: DownloadedFile) {
  const yauzl = await import('yauzl');
  return yauzl.fromRandomAccessReaderPromise(readerOf(file, yauzl), file.size, {
    lazyEntries: true,
    autoClose: false,
  });
}

/** What the package reads an archive by. */
function readerOf(file: DownloadedFile, { RandomAccessReader }: typeof import('yauzl')): RandomAccessReader {
  return new (class extends RandomAccessReader {
    override _readStreamForRange(start: number, end: number): Readable {
      return file.read({ start, end });
    }
  })();
}

async function* linesIn(bytes: Readable, within: string, at: string, longest: number): AsyncGenerator<Line> {
  let number = 0;
  let begun: Buffer[] = [];
  let length = 0;
  const line = (last: Buffer): Line | undefined => {
    number += 1;
    const whole = begun.length === 0 ? last : Buffer.concat([...begun, last]);
    begun = [];
    length = 0;
    const isBlank = whole.every((byte) => byte <= 0x20);
    return isBlank ? undefined : { bytes: whole, place: `${within}line ${number}` };
  };
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(lf); end >= 0; end = chunk.indexOf(lf, from)) {
      const found = line(chunk.subarray(from, end));
      if (found) yield found;
      from = end + 1;
    }
    if (from === chunk.length) continue;
    begun.push(chunk.subarray(from));
    length += chunk.length - from;
    if (length > longest) {
      throw new TributaryError('SourceDataInvalid', 'a line is too long', {
        at: `${at} ${within}line ${number + 1}`,
        got: `more than ${longest} bytes`,
        expected: `at most ${longest}`,
        fix: roomFor(length, false),
      });
    }
  }
  const last = length > 0 ? line(Buffer.alloc(0)) : undefined;
  if (last) yield last;
}
