/** Keys of output objects: the S3 layout that AppFlow's consumers know. */

import type { Value } from '../../core/records.ts';
import type { PullWindow } from '../../core/source.ts';
import { valueText } from '../tasks/convert.ts';

export type PrefixFormat = 'YEAR' | 'MONTH' | 'DAY' | 'HOUR' | 'MINUTE';

export interface Layout {
  readonly bucket: string;
  /** Normalised: no slash at either end. */
  readonly prefix: string;
  readonly flowName: string;
  readonly schemaVersion?: number;
  readonly datePath?: PrefixFormat;
  readonly executionIdInPath: boolean;
  readonly executionId: string;
  readonly startedAt: number;
  readonly extension: string;
}

const dateLevels: readonly PrefixFormat[] = ['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE'];

/** `2026`, `02`, `03` … of a time in UTC, down to the level asked for. */
export function dateParts(time: number, format: PrefixFormat): string[] {
  const text = new Date(time).toISOString();
  const parts = [
    text.slice(0, 4),
    text.slice(5, 7),
    text.slice(8, 10),
    text.slice(11, 13),
    text.slice(14, 16),
  ];
  return parts.slice(0, dateLevels.indexOf(format) + 1);
}

export function normalisePrefix(prefix: string | undefined): string {
  return (prefix ?? '').split('/').filter(Boolean).join('/');
}

/** Folder of all the flow's output, with a slash at the end. */
export function flowFolder(layout: Layout): string {
  return `${[layout.prefix, layout.flowName].filter(Boolean).join('/')}/`;
}

export function schemaVersionFolder(layout: Layout): string {
  return layout.schemaVersion === undefined
    ? flowFolder(layout)
    : `${flowFolder(layout)}schemaVersion_${layout.schemaVersion}/`;
}

/** Folder of the run's output, above the partitions, with a slash at the end. */
export function runOutputFolder(layout: Layout): string {
  return [
    schemaVersionFolder(layout).slice(0, -1),
    ...(layout.datePath ? dateParts(layout.startedAt, layout.datePath) : []),
    ...(layout.executionIdInPath ? [layout.executionId] : []),
    '',
  ].join('/');
}

/**
 * `<sequence>-<YYYY-MM-DDThh:mm:ss>`; where the folders do not hold the execution id, the name begins with it, so that
 * a run's objects can be listed by prefix and runs never overwrite each other.
 *
 * @param sequence from 1
 */
export function fileName(layout: Layout, sequence: number): string {
  const time = new Date(layout.startedAt).toISOString().slice(0, 19);
  const number = String(sequence).padStart(5, '0');
  const name = layout.executionIdInPath ? `${number}-${time}` : `${layout.executionId}-${time}-${number}`;
  return `${name}${layout.extension}`;
}

/** S3's longest key, and the longest name of a folder on one machine, in bytes. */
const longestKey = 1024;
const longestName = 255;
/** A run with more objects than this can count is refused by the size of its manifest long before. */
const mostObjects = 999_999_999;

/**
 * Whether objects in a partition folder can have keys, in S3 and as files alike. Asked before a record is written: the
 * commit could not go back.
 */
export function keyRoom(layout: Layout): (partition: string) => boolean {
  const around = Buffer.byteLength(`${runOutputFolder(layout)}${fileName(layout, mostObjects)}`);
  return (partition) => {
    // UTF-8 has three bytes at most for each UTF-16 unit: hardly a partition has to be measured.
    if (partition.length * 3 <= Math.min(longestName, longestKey - around)) return true;
    return (
      Buffer.byteLength(partition) + around <= longestKey &&
      partition.split('/').every((name) => Buffer.byteLength(name) <= longestName)
    );
  };
}

/** `Rating=Warm/Industry=null/`; empty without partition fields. */
export function partitionFolder(fields: readonly string[], values: readonly Value[]): string {
  let folder = '';
  for (let i = 0; i < fields.length; i++) {
    folder += `${encodeSegment(fields[i] ?? '')}=${partitionValue(values[i] ?? null)}/`;
  }
  return folder;
}

/** A partition value as the folder shows it: null and empty are `null`; what a path cannot hold is percent-encoded. */
export function partitionValue(value: Value): string {
  const text = valueText(value);
  return text === null || text === '' ? 'null' : encodeSegment(text);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be encoded
const unsafe = /[\x00-\x1f\x7f/\\%=*?":#]/g;

/** Lone surrogates become U+FFFD, as in the data: no UTF-8 has them. */
function encodeSegment(text: string): string {
  return Buffer.from(text)
    .toString()
    .replace(unsafe, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

export function decodeSegment(text: string): string {
  return text.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** `<start> - <end>` as in AppFlow's events; only for windows with a beginning. */
export function transferTimeRange(window: PullWindow): string | undefined {
  if (window.start === undefined) return undefined;
  return `${zoned(window.start)} - ${zoned(window.end)}`;
}

/** The Java form that AppFlow's events carry. */
export function zoned(time: number): string {
  return `${new Date(time).toISOString()}[UTC]`;
}
