import { describe, expect, it } from 'vitest';
import { forecastRun } from '../../../engine/forecast/forecast-run.ts';
import { limitsOf, warningsOf } from '../../../engine/forecast/limits.ts';
import type { RunSize } from '../../../engine/forecast/run-size.ts';
import { type S3FlowOptions, s3Flow } from '../../support/flows.ts';

const size: RunSize = {
  records: 100_000,
  recordBytes: 1000,
  outputRecordBytes: 1000,
  pageRecords: 100,
  pageSeconds: 0.5,
  splits: 1,
  unit: 'page',
  partitions: 1,
};

/** The limits that a run of this size would break, and what to do. */
function broken(more: Partial<RunSize>, output: S3FlowOptions['output'] = {}): Record<string, string> {
  const flow = s3Flow({ fields: { id: 'id', part: 'part' }, partition: ['part'], output });
  const asked = { ...size, ...more };
  const limits = limitsOf(flow, asked, forecastRun(flow, asked));
  return Object.fromEntries(
    limits.filter(({ used, most }) => used > most).map(({ limit, fix }) => [limit, fix]),
  );
}

const single = { aggregationConfig: { aggregationType: 'SingleFile' as const } };

describe('the limits of a run', () => {
  it('are far for an ordinary one', () => {
    expect(broken({})).toEqual({});
  });

  it('are 48 hours', () => {
    const fix =
      'filter, pull shorter windows more often, or have the source read in several splits (parallelismConfig, more files)';
    expect(broken({ records: 40_000_000 }, single)).toEqual({ 'a run (Tributary, as AppFlow)': fix });
    expect(broken({ records: 40_000_000, splits: 20 }, single)).toEqual({});
    expect(broken({ records: 400_000_000, splits: 20 }, single)).toEqual({
      'a run (Tributary, as AppFlow)':
        'raise tributary.maxConcurrency, filter, or pull shorter windows more often',
    });
  });

  it('are an invocation for a page', () => {
    expect(broken({ records: 100, pageSeconds: 856 }, single)).toEqual({
      'a page, in one invocation (Lambda)': 'have the source answer with smaller pages, or with fewer fields',
    });
  });

  it('are 100,000 objects, and the memory for their pieces', () => {
    const fix = 'aggregate into larger files (aggregationConfig), or partition by a field of fewer values';
    expect(broken({ records: 1_000_000, pageRecords: 1000, partitions: 101 })).toEqual({
      'objects of a run (Tributary)': fix,
    });
    expect(broken({ records: 50_000_000, pageRecords: 1000, partitions: 500 })).toMatchObject({
      'indexes of the segments (Tributary)': fix,
    });
    expect(broken({ records: 1_000_000, pageRecords: 1000, partitions: 101 }, single)).toEqual({});
  });

  it('are the largest object of S3', () => {
    const large = { records: 60_000_000, outputRecordBytes: 100_000, pageRecords: 10_000, splits: 100 };
    expect(broken({ ...large, pageSeconds: 0.1 }, single)).toEqual({
      'an object (S3)': 'set aggregationConfig.targetFileSize instead of one file, or partition',
    });
    expect(
      broken(
        { ...large, pageSeconds: 0.1 },
        { aggregationConfig: { aggregationType: 'None', targetFileSize: 1000 } },
      ),
    ).toEqual({});
  });
});

describe('warnings', () => {
  const scheduled = { scheduleExpression: 'rate(5minutes)', dataPullMode: 'Incremental' };
  const flow = s3Flow({ fields: { id: 'id' }, scheduled });
  const warned = (more: Partial<RunSize>, memory = 512) =>
    warningsOf(flow, { ...size, ...more }, forecastRun(flow, { ...size, ...more }), memory);

  it('tell of runs that outlast their period', () => {
    expect(warned({ records: 10_000 })).toEqual([]);
    expect(warned({ records: 100_000 })).toEqual([
      'a run lasts longer than the 300 s until the next one is due: starts are skipped while it goes on',
    ]);
  });

  it('tell of pages that are read again', () => {
    // 252 pages, 504 s, are a segment: each invocation begins a second one that it cannot end.
    expect(warned({ records: 150_000, pageSeconds: 2 }).at(1)).toBe(
      '875 of 2376 requests ask for pages once more, as segments do not end where invocations do: smaller or faster pages help',
    );
  });

  it('tell of pages that memory may not hold', () => {
    expect(warned({ records: 1000, pageRecords: 100, recordBytes: 1_000_000 })).toEqual([
      'a page of 100 MB is more than 512 MB of memory have room for: set tributary.memorySize to 1526 or more',
    ]);
    expect(warned({ records: 1000, pageRecords: 100, recordBytes: 1_000_000 }, 1769)).toEqual([]);
  });

  it('tell of what a flow that looks back reads once more', () => {
    const looksBack = { ...flow, tributary: { lookback: 600 } };
    const asked = { ...size, records: 10_000 };
    expect(warningsOf(looksBack, asked, forecastRun(looksBack, asked), 512)).toEqual([
      'tributary.lookback is not in the forecast: neither the records that are read once more, nor the ledger that tells them',
    ]);
  });
});
