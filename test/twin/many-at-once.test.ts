/** What many splits and many objects take, in virtual time. */

import { describe, expect, it } from 'vitest';
import { forecastRun } from '../../engine/forecast/forecast-run.ts';
import { usualLatencies } from '../../engine/forecast/latencies.ts';
import type { RunSize } from '../../engine/forecast/run-size.ts';
import { s3Flow } from '../support/flows.ts';
import { runTwin } from './twin.ts';
import { twinSource } from './twin-source.ts';

const fields = { id: 'id', part: 'part', text: 'text' };
const aggregationConfig = { aggregationType: 'SingleFile' as const };
const size: RunSize = {
  records: 1000,
  recordBytes: 500,
  outputRecordBytes: 50,
  pageRecords: 100,
  pageSeconds: 2,
  splits: 1,
  unit: 'page',
  partitions: 1,
};

describe('a commit', () => {
  // One request after the other would take 1,000 s, and 5,500 s where objects have ten pieces each.
  it.each([
    ['one piece', 1],
    ['ten pieces, each of another segment', 10],
  ])(
    'of 10,000 objects of %s takes less than two minutes where each request to S3 takes 50 ms',
    async (_, splits) => {
      const latencies = { ...usualLatencies, s3Read: 0.05, s3Write: 0.05, s3Copy: 0.05 };
      const flow = s3Flow({ fields, output: { aggregationConfig }, partition: ['part'] });
      const source = twinSource(
        { ...size, records: splits * 10_000, pageRecords: 5000, splits, partitions: 10_000 },
        'text',
      );
      const { error, figures, secondsOf } = await runTwin(flow, source, latencies);
      expect(error).toBeUndefined();
      expect(figures).toMatchObject({ objects: 10_000, segments: splits });
      expect(secondsOf.CommitOutput).toBeLessThan(120);
    },
    60_000,
  );

  describe('of one large object', () => {
    // Segments of 5.3 MB, each a part that S3 copies.
    const text = 'x'.repeat(53_000);
    const of: RunSize = {
      ...size,
      records: 6400,
      outputRecordBytes: `{"id":"10000000","part":"1000","text":"${text}"}\n`.length,
      splits: 64,
    };
    const flow = s3Flow({ fields, output: { aggregationConfig } });

    it('copies sixteen of its parts at once', async () => {
      const latencies = { ...usualLatencies, s3Copy: 1 };
      const { error, figures, secondsOf } = await runTwin(flow, twinSource(of, text), latencies);
      expect(error).toBeUndefined();
      expect(figures).toMatchObject({ objects: 1, segments: 64, parts: 64 });
      // One after the other they take 64 s.
      expect(secondsOf.CommitOutput).toBeGreaterThan(4);
      expect(secondsOf.CommitOutput).toBeLessThan(5);
    }, 60_000);

    it('is foreseen so', async () => {
      const { figures } = await runTwin(flow, twinSource(of, text));
      const foreseen = forecastRun(flow, of).figures;
      expect(foreseen.parts).toBe(64);
      expect(Math.abs(foreseen.controlSeconds - figures.controlSeconds)).toBeLessThan(
        figures.controlSeconds * 0.1,
      );
    }, 60_000);
  });
});

describe('a transfer of many splits', () => {
  it.each([
    ['1,000 objects of S3', { splits: 1000, records: 100_000 }],
    ['100 chunks of a bulk result', { splits: 100, records: 100_000 }],
    ['365 slices of a day', { splits: 365, records: 36_500 }],
  ])(
    'of %s is nine times as fast with ten at once, and thirty times with forty',
    async (_, of) => {
      const seconds = async (maxConcurrency: number): Promise<number> => {
        const flow = s3Flow({
          fields,
          output: { aggregationConfig },
          more: { tributary: { maxConcurrency } },
        });
        const { error, figures } = await runTwin(flow, twinSource({ ...size, ...of }, 'text'));
        expect(error).toBeUndefined();
        return figures.seconds;
      };
      const alone = await seconds(1);
      expect(alone / (await seconds(10))).toBeGreaterThan(9);
      expect(alone / (await seconds(40))).toBeGreaterThan(30);
    },
    60_000,
  );
});
