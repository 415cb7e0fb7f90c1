/**
 * The parts of a multipart upload, in its folder: `<number>.json` tells which bytes of which file there are a part. A
 * part copied of an object is a second name of that object's file, so that bytes are copied once, when the upload is
 * completed. Objects are replaced and removed as files, so what the second name stands for stays as it was.
 */

import { createHash, randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import type { ByteRange, ObjectBody, UploadedPart } from '../core/ports.ts';
import { type FileRange, writeBody, writeRanges } from './file-bytes.ts';
import { errnoOf, etagOf, readJson } from './files.ts';

export interface StoredPart extends UploadedPart {
  readonly bytes: FileRange;
}

interface PartDescription extends ByteRange {
  /** In the upload's folder. */
  readonly name: string;
}

/** What the system says where a file can have no second name: on another disk, on one without links, of another user. */
const noLink = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Makes a part, or replaces it. ENOENT: there is no such folder. */
export async function storePart(folder: string, part: number, body: ObjectBody): Promise<StoredPart> {
  const name = randomUUID();
  const file = path.join(folder, name);
  await writeBody(file, body);
  const { size } = await fs.stat(file);
  return describe(folder, part, { name, start: 0, end: size });
}

/** The same with bytes of another file. */
export async function copyPart(folder: string, part: number, source: FileRange): Promise<StoredPart> {
  const name = randomUUID();
  const file = path.join(folder, name);
  const { start, end } = source.range;
  try {
    await fs.link(await fs.realpath(source.file), file);
  } catch (error) {
    if (!noLink.includes(errnoOf(error) ?? '')) throw error;
    await writeRanges(file, [source]);
    return describe(folder, part, { name, start: 0, end: end - start });
  }
  return describe(folder, part, { name, start, end });
}

async function describe(folder: string, part: number, description: PartDescription): Promise<StoredPart> {
  const file = path.join(folder, `${part}.json`);
  // Under its name last: a part that was cut short is never there.
  const temporary = `${file}.${randomUUID()}`;
  await fs.writeFile(temporary, JSON.stringify(description));
  await fs.rename(temporary, file);
  return described(folder, part, description);
}

async function described(
  folder: string,
  part: number,
  { name, start, end }: PartDescription,
): Promise<StoredPart> {
  const file = path.join(folder, name);
  const etag = createHash('md5')
    .update(`${etagOf(await fs.stat(file))} ${start} ${end}`)
    .digest('hex');
  return { part, etag, size: end - start, bytes: { file, range: { start, end } } };
}

/** `undefined` if there is none. */
export async function storedPart(folder: string, part: number): Promise<StoredPart | undefined> {
  const description = await readJson<PartDescription>(path.join(folder, `${part}.json`));
  return description && described(folder, part, description);
}

/** Of all that are there, in ascending order. ENOENT: there is no such folder. */
export async function partNumbers(folder: string): Promise<number[]> {
  const names = await fs.readdir(folder);
  return names
    .filter((name) => /^\d+\.json$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}
