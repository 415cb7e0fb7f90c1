import { beforeAll, expect, it } from 'vitest';
import { noRecords } from '../../../core/records.ts';
import type { EnginePorts } from '../../../engine/ports.ts';
import { makeManifest } from '../../../engine/run/manifest.ts';
import { type RunPlan, readPlan } from '../../../engine/run/plan.ts';
import type { ReadSegment } from '../../../engine/run/segment-reader.ts';
import type { SegmentRecord } from '../../../engine/run/segment-record.ts';
import { s3Flow } from '../../support/flows.ts';
import { memoryHome, stateBucket } from '../../support/memory-home.ts';
import { rows, scriptedSource } from '../../support/scripted-source.ts';

const id = '00000000-0000-4000-8000-000000000001';
let plan: RunPlan;
let ports: EnginePorts;
const read: ReadSegment = (key, start, end) =>
  ports.objects.read(stateBucket, key, { range: { start, end } });

beforeAll(async () => {
  const source = scriptedSource([[{ rows: rows(1, 1) }]]);
  const home = memoryHome({ buckets: ['inbox', 'lake'], sources: { S3: source } });
  const flow = s3Flow({ fields: { id: 'id' }, partition: ['id'] });
  await home.run(flow, { name: id });
  ports = home.ports(flow);
  plan = await readPlan(ports.objects, ports.home, flow.flowName, id);
});

function segment(key: string, size: number): SegmentRecord {
  const counts = noRecords();
  return { key, size, indexStart: 0, sha256: '', counts, received: 0, pages: 1, pagesSoFar: 1, units: 1 };
}

async function segmentOfPartitions(count: number): Promise<SegmentRecord> {
  const entries = Array.from({ length: count }, (_, i) => ({
    partition: `id=${i}/`,
    unit: 0,
    start: i,
    end: i + 1,
    rows: 1,
    sha256: '',
  }));
  const key = `segments/orders/${count}-0-a`;
  const body = JSON.stringify({ entries });
  await ports.objects.put(stateBucket, key, body);
  return segment(key, body.length);
}

it('holds 100,000 objects', async () => {
  const { objects } = await makeManifest(plan, [await segmentOfPartitions(100_000)], ports.home, read);
  expect(objects.length).toBe(100_000);
});

it('is refused by name for more, before anything is written', async () => {
  const made = makeManifest(plan, [await segmentOfPartitions(100_001)], ports.home, read);
  await expect(made).rejects.toThrow(
    /the run makes more objects than one commit can hold; got 100001 objects; expected 100000 at most/,
  );
  await expect(made).rejects.toMatchObject({ code: 'NotRunnable' });
});

it('is refused before indexes are read that would not fit', async () => {
  const half = 50 * 2 ** 20;
  const segments = [segment('not-there-1', half), segment('not-there-2', half + 1)];
  const made = makeManifest(plan, segments, ports.home, read);
  await expect(made).rejects.toMatchObject({ code: 'NotRunnable' });
  await expect(made).rejects.toThrow('104857601 bytes of indexes');
});
