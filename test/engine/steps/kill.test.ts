import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { s3Flow } from '../../support/flows.ts';
import { type MemoryHome, memoryHome, stateBucket } from '../../support/memory-home.ts';

const ratings = ['Hot', 'Warm', 'Cold'];

/** `count` lines whose first id is `from`. */
function csv(from: number, count: number): string {
  const lines = Array.from(
    { length: count },
    (_, i) => `${from + i},name ${from + i},${ratings[(from + i) % 3]}`,
  );
  return `id,name,rating\n${lines.join('\n')}\n`;
}

async function prepared(files: number): Promise<MemoryHome> {
  // Small pages and segments: a run of a few kilobytes has several of each.
  const home = memoryHome({ buckets: ['inbox', 'lake'], pageBytes: 300, sizes: { segmentPages: 2 } });
  for (let file = 0; file < files; file++)
    await home.objects.put('inbox', `in/${file}.csv`, csv(file * 100, 45));
  return home;
}

/** What a consumer sees, and what the next run starts from. */
function outcome(home: MemoryHome): object {
  const contents = home.state.contents();
  const { STATE, RUN } = Object.fromEntries(
    Object.entries(contents).map(([key, data]) => [
      key.slice(key.lastIndexOf(' ') + 1),
      data as Record<string, unknown>,
    ]),
  );
  return {
    objects: home.objects
      .keys('lake')
      .map((key) => [key, home.objects.stored('lake', key)?.body.toString('base64')]),
    state: STATE,
    // When a run ended depends on the waits between tries.
    run: { ...RUN, endedAt: undefined },
    tables: [...home.catalog.tables].map(([name, entry]) => [name, entry]),
    events: [
      ...new Set(
        home.events.map((event) => JSON.stringify({ ...event, detail: { ...event.detail, 'end-time': '' } })),
      ),
    ],
  };
}

function leftovers(home: MemoryHome): object {
  return {
    segments: home.objects.keys(stateBucket).filter((key) => key.startsWith('segments/')),
    uploads: home.objects.pendingUploads(),
    uploadRecords: Object.keys(home.state.contents()).filter((key) => key.includes('UPLOAD#')),
  };
}

class Killed extends Error {
  constructor() {
    super('the function was killed');
    this.name = 'Lambda.Unknown';
  }
}

/** Kills at the nth moment between two instructions that the outside can see. */
function killAt(home: MemoryHome, n: number): () => number {
  let moments = 0;
  home.hook = () => {
    if (++moments === n) throw new Killed();
  };
  return () => moments;
}

const catalog = {
  metadataCatalogConfig: {
    glueDataCatalog: {
      roleArn: 'arn:aws:iam::123456789012:role/catalog',
      databaseName: 'lake',
      tablePrefix: 'raw',
    },
  },
};
const fields = { id: 'id', name: 'name', rating: 'rating' };
const cases: { name: string; files: number; flow: FlowDefinition }[] = [
  {
    name: 'CSV, a file an input, one split',
    files: 1,
    flow: s3Flow({
      fields,
      output: { fileType: 'CSV', prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } },
    }),
  },
  {
    name: 'JSON Lines, one file a partition, three splits, catalogued',
    files: 3,
    flow: s3Flow({
      fields,
      partition: ['rating'],
      output: {
        aggregationConfig: { aggregationType: 'SingleFile' },
        prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID', 'SCHEMA_VERSION'] },
      },
      more: catalog,
    }),
  },
  {
    name: 'Parquet, one file, three splits',
    files: 3,
    flow: s3Flow({
      fields,
      output: { fileType: 'PARQUET', aggregationConfig: { aggregationType: 'SingleFile' } },
    }),
  },
  {
    name: 'Parquet, partitioned, by target size, refused records',
    files: 2,
    flow: s3Flow({
      fields,
      partition: ['rating'],
      output: { fileType: 'PARQUET', aggregationConfig: { targetFileSize: 1 } },
      tasks: [
        {
          taskType: 'Validate',
          sourceFields: ['rating'],
          connectorOperator: { S3: 'VALIDATE_NON_NULL' },
          taskProperties: { VALIDATION_ACTION: 'DropRecord' },
        },
      ],
    }),
  },
];

describe.each(cases)('a run killed at any moment: $name', ({ files, flow }) => {
  it('gives the bytes of an undisturbed run and leaves nothing behind', async () => {
    const undisturbed = await prepared(files);
    const moments = killAt(undisturbed, Number.POSITIVE_INFINITY);
    expect(await undisturbed.run(flow)).toHaveProperty('output');
    const expected = outcome(undisturbed);
    expect((expected as { objects: unknown[] }).objects.length).toBeGreaterThan(0);
    const total = moments();
    expect(total).toBeGreaterThan(50);

    for (let n = 1; n <= total; n++) {
      const home = await prepared(files);
      killAt(home, n);
      const ended = await home.run(flow);
      expect(ended, `killed at moment ${n}`).toHaveProperty('output');
      expect(outcome(home), `killed at moment ${n}`).toEqual(expected);
      expect(leftovers(home), `killed at moment ${n}`).toEqual({
        segments: [],
        uploads: [],
        uploadRecords: [],
      });
    }
  });

  it('shows nothing of itself as long as it has not begun to commit', async () => {
    const home = await prepared(files);
    const seen: string[] = [];
    await home.run(flow, {
      aroundStep: async (step, run) => {
        const before = home.objects.keys('lake').length;
        if (step !== 'CommitOutput' && step !== 'CatalogOutput' && step !== 'EndRun')
          seen.push(`${step} ${before}`);
        return run();
      },
    });
    expect(new Set(seen.map((entry) => entry.split(' ')[1]))).toEqual(new Set(['0']));
  });
});
