import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { type Run, runKey } from '../../../engine/run/run.ts';
import { s3Flow } from '../../support/flows.ts';
import {
  type MemoryHome,
  type MemoryHomeOptions,
  memoryHome,
  type PortHook,
} from '../../support/memory-home.ts';
import { rows, type ScriptedPage, scriptedSource } from '../../support/scripted-source.ts';

const id = '00000000-0000-4000-8000-000000000001';
const fields = { id: 'id', name: 'name' };
const MiB = 2 ** 20;

function homeOf(pages: readonly ScriptedPage[], sizes: MemoryHomeOptions['sizes'] = {}): MemoryHome {
  return memoryHome({ buckets: ['inbox', 'lake'], sources: { S3: scriptedSource([pages, []]) }, sizes });
}

async function runOf(at: MemoryHome): Promise<Run | undefined> {
  return (await at.state.get<Run>(runKey(id), 'RUN'))?.data;
}

const sizes = (at: MemoryHome): number[] =>
  at.objects.keys('lake').map((key) => at.objects.stored('lake', key)?.size ?? 0);

const byTarget = (more: object = {}): FlowDefinition =>
  s3Flow({ fields, output: { aggregationConfig: { targetFileSize: 1 } }, ...more });

describe('targetFileSize', () => {
  const long = 'x'.repeat(1000);
  const page = (partition: string) => (n: number) => ({
    rows: Array.from({ length: 50 }, (_, i): [string, string] => [`${n * 50 + i} ${long}`, partition]),
  });

  it('is met but for half a segment, and the last file has the rest', async () => {
    const pages = Array.from({ length: 90 }, (_, n) => page('a')(n));
    const at = homeOf(pages, { segmentBytes: 150_000 });
    await at.run(byTarget(), { name: id });
    const [last, ...full] = sizes(at).reverse();
    expect(full.length).toBe(4);
    for (const size of full) expect(Math.abs(size - MiB)).toBeLessThan(110_000);
    expect(last).toBeLessThan(MiB);
    expect((await runOf(at))?.counts?.written).toBe(4500);
  });

  it('is met in each partition', async () => {
    const pages = Array.from({ length: 90 }, (_, n) => page(n % 3 === 0 ? 'a' : 'b')(n));
    const at = homeOf(pages, { segmentBytes: 150_000 });
    await at.run(byTarget({ partition: ['name'] }), { name: id });
    const of = (partition: string): number[] =>
      at.objects.keys('lake').flatMap((key) => {
        const size = at.objects.stored('lake', key)?.size ?? 0;
        return key.includes(`name=${partition}/`) ? [size] : [];
      });
    expect([of('a').length, of('b').length]).toEqual([2, 3]);
    for (const size of [...of('a').slice(0, -1), ...of('b').slice(0, -1)])
      expect(Math.abs(size - MiB)).toBeLessThan(160_000);
  });

  it('of less than one record gives each a file', async () => {
    const huge = 'y'.repeat(20 * MiB);
    const at = homeOf([
      {
        rows: [
          ['1', huge],
          ['2', huge],
        ],
      },
      { rows: [['3', huge]] },
    ]);
    expect(await at.run(byTarget(), { name: id })).toHaveProperty('output');
    expect(sizes(at)).toEqual([1, 2, 3].map(() => 20 * MiB + '{"id":"1","name":""}\n'.length));
    expect(at.objects.pendingUploads()).toEqual([]);
  });
});

describe('a single file', () => {
  const single = { aggregationConfig: { aggregationType: 'SingleFile' as const } };

  it('too large for one invocation is uploaded by several', async () => {
    const large = 'z'.repeat(6 * MiB);
    // Sixteen parts are on their way at once.
    const pages = Array.from({ length: 18 }, () => ({ rows: [['1', large]] }));
    const at = homeOf(pages, { segmentPages: 1 });
    const parts: number[] = [];
    const invocation = (): PortHook => {
      const turn = parts.push(0) - 1;
      return (call, when) => {
        if (when === 'before' || !['objects.uploadPart', 'objects.copyPart'].includes(call)) return;
        parts[turn] = (parts[turn] ?? 0) + 1;
        // S3 takes ten minutes for a part.
        at.clock.advance(10 * 60_000);
      };
    };
    const ended = await at.run(s3Flow({ fields, output: single }), {
      name: id,
      aroundStep: (step, run) => (step === 'CommitOutput' ? run(invocation()) : run()),
    });
    expect(ended).toHaveProperty('output');
    expect(parts).toEqual([16, 2]);
    expect(sizes(at)).toEqual([18 * (6 * MiB + '{"id":"1","name":""}\n'.length)]);
  });

  it('whose upload nobody knows of, as the function died at its start, is uploaded once and leaves none', async () => {
    const large = 'z'.repeat(9 * MiB);
    const at = homeOf([{ rows: [['1', large]] }]);
    const pending: number[] = [];
    at.hook = (call, when) => {
      if (call !== 'objects.startUpload' || when === 'before') return;
      pending.push(at.objects.pendingUploads().length);
      if (pending.length === 1) throw new TributaryError('StorageUnavailable', 'the answer was lost');
    };
    expect(await at.run(s3Flow({ fields, output: single }), { name: id })).toHaveProperty('output');
    expect(pending).toEqual([1, 2]);
    expect(sizes(at)).toEqual([9 * MiB + '{"id":"1","name":""}\n'.length]);
    expect(at.objects.pendingUploads()).toEqual([]);
  });

  it('of no records is no object', async () => {
    const at = homeOf([{ rows: [] }, { rows: [] }]);
    await at.run(s3Flow({ fields, output: single }), { name: id });
    expect(sizes(at)).toEqual([]);
    expect(await runOf(at)).toMatchObject({ status: 'Successful', objectsWritten: 0, bytesWritten: 0 });
  });
});

describe('a dry run', () => {
  it('counts refused records and writes them nowhere', async () => {
    const at = memoryHome({
      buckets: ['inbox', 'lake', 'errors'],
      sources: { S3: scriptedSource([[{ rows: [...rows(1, 2), ['x', 'no number']] }]]) },
    });
    const flow = s3Flow({
      fields: { name: 'name' },
      tasks: [
        {
          taskType: 'Map',
          sourceFields: ['id'],
          connectorOperator: { S3: 'NO_OP' },
          destinationField: 'number',
          taskProperties: { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: 'integer' },
        },
      ],
      output: { fileType: 'PARQUET', preserveSourceDataTyping: true },
      more: { tributary: { errorHandlingConfig: { bucketName: 'errors' } } },
    });
    await at.run(flow, { name: id, input: { parameters: { dryRun: true } } });
    expect(await runOf(at)).toMatchObject({
      status: 'Successful',
      objectsWritten: 0,
      counts: { received: 3, written: 2, rejected: 1 },
    });
    expect([...at.objects.keys('lake'), ...at.objects.keys('errors')]).toEqual([]);
  });
});
