import { describe, expect, it } from 'vitest';
import {
  decodeSegment,
  fileName,
  type Layout,
  normalisePrefix,
  partitionFolder,
  runOutputFolder,
  transferTimeRange,
  zoned,
} from '../../../engine/run/layout.ts';

const layout: Layout = {
  bucket: 'lake',
  prefix: '',
  flowName: 'example-flow',
  schemaVersion: 2,
  datePath: 'DAY',
  executionIdInPath: true,
  executionId: '267c0ad0-228f-4d25-96fe-0f975005fec6',
  startedAt: Date.parse('2022-11-10T23:59:59.999Z'),
  extension: '',
};

describe('the folders of a run', () => {
  it('are schema version, date and execution id, in this order (the guide’s example)', () => {
    expect(runOutputFolder(layout)).toBe(
      'example-flow/schemaVersion_2/2022/11/10/267c0ad0-228f-4d25-96fe-0f975005fec6/',
    );
  });

  it.each([
    ['YEAR', '2022'],
    ['MONTH', '2022/11'],
    ['DAY', '2022/11/10'],
    ['HOUR', '2022/11/10/23'],
    ['MINUTE', '2022/11/10/23/59'],
  ] as const)('go down to the %s', (datePath, folders) => {
    expect(runOutputFolder({ ...layout, datePath })).toContain(`schemaVersion_2/${folders}/267c0ad0`);
  });

  it('are the flow’s alone without any setting, below the bucket prefix', () => {
    const { schemaVersion: _, datePath: __, ...plain } = layout;
    expect(runOutputFolder({ ...plain, executionIdInPath: false, prefix: 'raw/crm' })).toBe(
      'raw/crm/example-flow/',
    );
  });

  it('take the prefix without slashes at its ends or doubled ones', () => {
    expect(normalisePrefix('/raw//crm/')).toBe('raw/crm');
    expect(normalisePrefix(undefined)).toBe('');
  });
});

describe('file names', () => {
  it('are the sequence and the run’s start where a folder holds the execution id', () => {
    expect(fileName(layout, 7)).toBe('00007-2022-11-10T23:59:59');
  });

  it('begin with the execution id where none does, so that runs never overwrite each other', () => {
    expect(fileName({ ...layout, executionIdInPath: false, extension: '.csv' }, 7)).toBe(
      '267c0ad0-228f-4d25-96fe-0f975005fec6-2022-11-10T23:59:59-00007.csv',
    );
  });
});

describe('partition folders', () => {
  it.each([
    [['Warm'], 'Account Rating=Warm/'],
    [[null], 'Account Rating=null/'],
    [[''], 'Account Rating=null/'],
    [[42], 'Account Rating=42/'],
    [[true], 'Account Rating=true/'],
    [[12345678901234567890n], 'Account Rating=12345678901234567890/'],
    [['a/b=c%d'], 'Account Rating=a%2Fb%3Dc%25d/'],
    [['x\ny:*?"#\\'], 'Account Rating=x%0Ay%3A%2A%3F%22%23%5C/'],
    [['Zoë 李'], 'Account Rating=Zoë 李/'],
  ])('of %s are %s', (values, folder) => {
    expect(partitionFolder(['Account Rating'], values)).toBe(folder);
  });

  it('nest in the order of the keys', () => {
    expect(partitionFolder(['industry', 'rating'], ['Apparel', null])).toBe('industry=Apparel/rating=null/');
  });

  it('can be read back', () => {
    expect(decodeSegment('a%2Fb%3Dc%25d')).toBe('a/b=c%d');
  });
});

describe('times in events', () => {
  it('have the form of AppFlow’s captures', () => {
    expect(zoned(Date.parse('2026-02-03T10:15:12.643Z'))).toBe('2026-02-03T10:15:12.643Z[UTC]');
    const start = Date.parse('2026-02-02T10:15:00Z');
    expect(transferTimeRange({ start, end: start + 86_400_000 })).toBe(
      '2026-02-02T10:15:00.000Z[UTC] - 2026-02-03T10:15:00.000Z[UTC]',
    );
    expect(transferTimeRange({ end: start })).toBeUndefined();
  });
});
