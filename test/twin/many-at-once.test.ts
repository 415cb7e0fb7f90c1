/** What many splits and many objects take, in virtual time. */

import { describe, expect, it } from 'vitest';
import { apiKey, type Connector, type Http, type SourceRequest, TributaryError } from '#core';
import { forecastRun } from '../../engine/forecast/forecast-run.ts';
import { usualLatencies } from '../../engine/forecast/latencies.ts';
import type { RunSize } from '../../engine/forecast/run-size.ts';
import { vendorClient } from '../../engine/http/vendor-client.ts';
import { s3Flow } from '../support/flows.ts';
import { testSourcePorts } from '../support/source-ports.ts';
import { runTwin } from './twin.ts';
import { type TwinSource, twinSource } from './twin-source.ts';
import { virtualClock } from './virtual-clock.ts';

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

    it.each([
      ['copied', of, 64],
      // Segments of 2.6 MB, two and a bit to a part of 5 MiB.
      ['joined', { ...of, records: 3200 }, 33],
    ])(
      'is foreseen so, with parts that are %s',
      async (_, of, parts) => {
        const { figures } = await runTwin(flow, twinSource(of, text));
        const foreseen = forecastRun(flow, of).figures;
        expect(figures.parts).toBe(parts);
        expect(foreseen.parts).toBe(parts);
        expect(Math.abs(foreseen.controlSeconds - figures.controlSeconds)).toBeLessThan(
          figures.controlSeconds * 0.1,
        );
      },
      60_000,
    );
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

const origin = 'https://api.example.com';
const vendor = {
  connector: {
    label: 'X',
    docs: 'https://example.com',
    baseUrl: origin,
    auth: [apiKey({ label: 'Key', scheme: 'Bearer' })],
    validateCredentials: 'GET /a',
    rateLimit: { budget: { requests: 100, seconds: 10 } },
    entities: {},
  } satisfies Connector,
  request: {
    flowName: 'things',
    connector: 'X',
    properties: {},
    settings: {},
    fields: [],
    filters: [],
    window: { end: 0 },
  } satisfies SourceRequest,
  origin,
  at: 'X.things',
  parse: JSON.parse,
};

describe('a limit of the source', () => {
  /** A vendor that answers so many requests for pages in a second, whoever asks, and asks the others to wait for one. */
  function limited(source: TwinSource, perSecond: number): TwinSource {
    const answered = new Map<number, number>();
    return {
      ...source,
      async open(request, split, ports) {
        const session = await source.open(request, split, ports);
        return {
          ...session,
          async read(token) {
            const second = Math.floor(ports.clock.now() / 1000);
            const sofar = answered.get(second) ?? 0;
            if (sofar === perSecond)
              throw new TributaryError('RateLimitExceeded', 'slow down', { retryAfterSeconds: 1 });
            answered.set(second, sofar + 1);
            return session.read(token);
          },
        };
      },
    };
  }

  it('is reached by more splits at once, and holds however many there are', async () => {
    const pages = 2000;
    const pagesPerSecond = async (maxConcurrency: number): Promise<number> => {
      const flow = s3Flow({ fields, output: { aggregationConfig }, more: { tributary: { maxConcurrency } } });
      const source = twinSource({ ...size, splits: 200, records: pages * 100 }, 'text');
      const { error, run, secondsOf, figures } = await runTwin(flow, limited(source, 10));
      expect(error).toBeUndefined();
      expect(run?.counts?.written).toBe(200_000);
      const others = (secondsOf.CommitOutput ?? 0) + (secondsOf.DescribeSource ?? 0);
      return pages / (figures.seconds - others);
    };
    const alone = await pagesPerSecond(1);
    const [ten, forty, hundred] = [
      await pagesPerSecond(10),
      await pagesPerSecond(40),
      await pagesPerSecond(100),
    ];
    // A page takes two seconds.
    expect(ten / alone).toBeGreaterThan(9);
    expect(ten).toBeLessThan(5);
    for (const held of [forty, hundred]) {
      expect(held).toBeGreaterThan(9);
      expect(held).toBeLessThanOrEqual(10);
    }
  }, 60_000);

  it('that a connector declares is not exceeded by the requests of one process', async () => {
    const requests = 400;
    const seconds = async (atOnce: number): Promise<number> => {
      const clock = virtualClock(Date.UTC(2026, 1, 3));
      const http: Http = {
        async send() {
          await clock.sleep(2000);
          return { status: 200, headers: {}, body: Buffer.from('{}') };
        },
        download: () => Promise.reject(new Error('no files here')),
      };
      const ports = { ...testSourcePorts({ http, credentials: { apiKey: 'the-key' } }), clock };
      const begun = clock.now();
      const clients = Array.from({ length: atOnce }, async () => {
        const client = vendorClient({ ...vendor, ports });
        for (let sent = 0; sent < requests / atOnce; sent++) await client.get(new URL(`${vendor.origin}/a`));
      });
      await clock.run(Promise.all(clients));
      return (clock.now() - begun) / 1000;
    };
    expect(await seconds(1)).toBe(800);
    expect(await seconds(8)).toBe(100);
    // Ten a second, after a burst of ten.
    expect(await seconds(40)).toBe(41);
    expect(await seconds(100)).toBe(41);
  });
});
