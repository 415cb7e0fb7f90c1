import { describe, expect, it, vi } from 'vitest';
import type { Run } from '../../../engine/run/run.ts';
import { s3Flow } from '../../support/flows.ts';
import {
  catalog,
  failedAnywhere,
  fields,
  filesHome,
  killed,
  killedWithChangingAnswers,
  largeSetting,
  refused,
  type Setting,
  stoppedAnywhere,
  thoughtDeadAnywhere,
} from './disturbances.ts';

// Hundreds of runs each: minutes would be a defect, half a minute is a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const cases: (Setting & { readonly name: string })[] = [
  {
    name: 'CSV, a file an input, one split',
    home: () => filesHome(1),
    flow: s3Flow({
      fields,
      output: { fileType: 'CSV', prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID'] } },
    }),
  },
  {
    name: 'JSON Lines, one file a partition, two splits, catalogued',
    home: () => filesHome(2),
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
    name: 'Parquet, one file, three splits at once',
    home: () => filesHome(3),
    maxConcurrency: 3,
    flow: s3Flow({
      fields,
      output: { fileType: 'PARQUET', aggregationConfig: { aggregationType: 'SingleFile' } },
    }),
  },
  {
    name: 'Parquet, partitioned, by target size, refused records',
    home: () => filesHome(2),
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
  { name: 'JSON Lines, one file that is uploaded in parts', ...largeSetting() },
];

describe.each(cases)('a run that is disturbed at any moment: $name', (setting) => {
  it.each([
    ['killed', killed, 1],
    // Meets the steps' own catch blocks, which a kill does not. Every third moment: before and after calls in turn.
    ['refused a request', refused, 3],
  ])('%s, gives the bytes of an undisturbed run and leaves nothing behind', (_, error, stride) =>
    failedAnywhere(setting, error, stride),
  );

  it('shows nothing of itself as long as it has not begun to commit', async () => {
    const { flow, maxConcurrency = 1 } = setting;
    const home = await setting.home();
    let shown = 0;
    home.hook = () => {
      const run = Object.entries(home.state.contents()).find(([key]) => key.endsWith(' RUN'))?.[1];
      if ((run as Run | undefined)?.status !== 'RUNNING') return;
      shown += home.objects.keys('lake').length + home.catalog.tables.size;
    };
    await home.run(flow, { maxConcurrency });
    expect(home.objects.keys('lake').length).toBeGreaterThan(0);
    expect(shown).toBe(0);
  });
});

describe('an execution that is stopped for good at any moment', () => {
  it('is settled by the next one, and between them they deliver every record once', () => stoppedAnywhere());
});

describe('an execution of which nothing is heard from any moment on', () => {
  it('takes nothing back when it goes on behind the one that has settled it', () => thoughtDeadAnywhere());
});

describe('a source that answers differently each time', () => {
  it('gives one sequence of answers, killed at any moment', () => killedWithChangingAnswers());
});
