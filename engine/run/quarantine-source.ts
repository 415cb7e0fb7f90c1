/** The quarantine of a run as a source: its records, as they were before the tasks. */

import { TributaryError } from '../../core/errors.ts';
import { canonicalJson } from '../../core/flow/canonical-json.ts';
import type { ObjectStore } from '../../core/ports.ts';
import { compilePath } from '../../core/record-path.ts';
import { type FieldType, type Row, type SourceField, type Value, wholeRecord } from '../../core/records.ts';
import type { Page, PageToken, Source, SourceSession } from '../../core/source.ts';
import { parseJson } from '../http/read-records.ts';
import type { Home } from '../ports.ts';
import { maskedFields } from '../tasks/masked-record.ts';
import { type ManifestObject, readManifest } from './manifest.ts';
import type { RunPlan } from './plan.ts';
import { fromPlain, type QuarantineRecord } from './quarantine-record.ts';
import { sha256 } from './segment.ts';

/** Part of the object, as one segment wrote it: whole lines. */
type Stretch = { readonly size: number; readonly sha256: string };

/** Some stretches that follow one another. */
type QuarantineSplit = {
  readonly bucket: string;
  readonly key: string;
  readonly etag: string;
  /** Where the first begins. */
  readonly start: number;
  readonly stretches: readonly Stretch[];
};

/** Bytes of a page, but for a larger stretch. */
const pageBytes = 4 * 2 ** 20;
/** A split is full with so many bytes, or stretches. */
const splitBytes = 64 * 2 ** 20;
const splitStretches = 1000;

/** @param earlier the plan of the run */
export function quarantineSource(earlier: RunPlan, home: Home): Source {
  const fields = sourceFields(earlier);
  return {
    async describe({ filters }, ports) {
      const manifest = await readManifest(ports.objects, home, earlier);
      const splits: QuarantineSplit[] = [];
      const quarantine = manifest.objects.filter(({ partition }) => partition === null);
      for (const object of quarantine) splits.push(...(await splitsOf(object, ports.objects)));
      const passed = new Set(earlier.request.filters.map(canonicalJson));
      return {
        fields,
        ...(earlier.sourceParameters && { parameters: earlier.sourceParameters }),
        splits,
        // Whatever is in quarantine has passed the filters; those that the vendor applied, as the vendor understands them.
        appliedFilters: filters.flatMap((filter, index) =>
          passed.has(canonicalJson(filter)) ? [index] : [],
        ),
        appliesWindow: true,
      };
    },
    open: async (request, split, ports) =>
      session(split as QuarantineSplit, rowMaker(request.fields, fields), ports.objects),
    listEntities: async () => [],
    testConnection: async () => undefined,
  };
}

/** What is masked is text, whatever it was. */
function sourceFields(earlier: RunPlan): SourceField[] {
  const masked = [...maskedFields(earlier.flow.tasks).masked.keys()];
  return earlier.sourceFields.map((field) => {
    const isMasked = masked.some((name) => field.name === name || field.name.startsWith(`${name}.`));
    if (!isMasked) return field;
    const { name, label, description } = field;
    return {
      name,
      type: 'String',
      ...(label !== undefined && { label }),
      ...(description !== undefined && { description }),
    };
  });
}

async function splitsOf(object: ManifestObject, objects: ObjectStore): Promise<QuarantineSplit[]> {
  const { bucket, key } = object;
  const present = await objects.head(bucket, key);
  if (!present) {
    throw new TributaryError('ResourceNotFoundError', 'the quarantine of the run is gone', {
      at: `s3://${bucket}/${key}`,
    });
  }
  const splits: QuarantineSplit[] = [];
  let start = 0;
  let at = 0;
  let stretches: Stretch[] = [];
  const flush = (): void => {
    if (stretches.length > 0)
      splits.push({
        bucket,
        key,
        etag: present.etag,
        start,
        stretches: stretches.map((one) => ({ ...one })),
      });
    start = at;
    stretches = [];
  };
  for (const { start: from, end, sha256 } of object.parts) {
    stretches.push({ size: end - from, sha256 });
    at += end - from;
    if (at - start >= splitBytes || stretches.length >= splitStretches) flush();
  }
  flush();
  return splits;
}

function session(
  split: QuarantineSplit,
  rowOf: (record: Readonly<Record<string, Value>>) => Row,
  objects: ObjectStore,
): SourceSession {
  const { bucket, key, etag, start, stretches } = split;
  const offsets: number[] = [];
  let end = start;
  for (const { size } of stretches) {
    offsets.push(end);
    end += size;
  }
  return {
    async read(token: PageToken | undefined): Promise<Page> {
      const first = Number(token?.stretch ?? 0);
      const from = offsets[first] ?? end;
      let next = first;
      let to = from;
      while (next < stretches.length && (next === first || to - from < pageBytes))
        to += stretches[next++]?.size ?? 0;
      const bytes = await objects.read(bucket, key, { range: { start: from, end: to }, ifMatch: etag });
      const lines: string[] = [];
      for (let index = first; index < next; index++) {
        const begin = (offsets[index] ?? end) - from;
        const stretch = bytes.subarray(begin, begin + (stretches[index]?.size ?? 0));
        if (sha256(stretch) !== stretches[index]?.sha256) {
          throw new TributaryError('SourceDataInvalid', 'the quarantine is not what its run has written', {
            at: `s3://${bucket}/${key}, bytes ${from + begin} to ${from + begin + stretch.length}`,
            got: `SHA-256 ${sha256(stretch)}`,
            expected: `SHA-256 ${stretches[index]?.sha256}`,
            fix: 'put the object back as it was; what is to be mended is the flow',
          });
        }
        lines.push(...Buffer.from(stretch).toString().split('\n').filter(Boolean));
      }
      return {
        rows: lines.map((line) =>
          rowOf((parseJson(line, false) as QuarantineRecord).record as Readonly<Record<string, Value>>),
        ),
        bytes: bytes.length,
        ...(next < stretches.length && { next: { stretch: next } }),
      };
    },
    close: async () => undefined,
  };
}

function rowMaker(
  fields: readonly string[],
  sourceFields: readonly SourceField[],
): (record: Readonly<Record<string, Value>>) => Row {
  const types = new Map(sourceFields.map(({ name, type }): [string, FieldType] => [name, type]));
  if (fields[0] === wholeRecord) {
    return (record) => [
      Object.fromEntries(
        Object.entries(record).map(([name, value]) => [name, fromPlain(value, types.get(name))]),
      ),
    ];
  }
  const columns = fields.map((name) => ({ read: compilePath(name), type: types.get(name) }));
  return (record) => columns.map(({ read, type }) => fromPlain(read(record), type));
}
