import { type JsonObject, type Page, type Row, type Source, type SourcePorts, TributaryError } from '#core';
import { type RunSize, splitBytes } from '../../engine/forecast/run-size.ts';
import { nextLookSeconds } from '../../engine/http/job-session.ts';

export interface TwinSource extends Source {
  /** Sent so far. */
  readonly requests: () => number;
}

/** A split whose description is as long as a forecast takes it to be. */
function described(split: number): JsonObject {
  const rest = splitBytes - `${JSON.stringify({ split, about: '' })}\n`.length;
  return { split, about: '-'.repeat(rest) };
}

interface Job {
  readonly doneAt: number;
}

/**
 * A source of records `id`, `part` and `text`, which takes the time of a size and refuses as it says. What it has been asked
 * stays with it, as with a vendor, whichever session asks.
 */
export function twinSource(size: RunSize, text: string): TwinSource {
  const { records, pageRecords, pageSeconds, splits, partitions, pause, job } = size;
  let sent = 0;
  const jobs = new Map<number, Job>();
  /** Requests for pages of each split since the last refusal. */
  const since = new Map<number, number>();
  const recordsOf = (split: number): number =>
    Math.floor(records / splits) + (split < records % splits ? 1 : 0);

  async function request({ clock }: SourcePorts): Promise<void> {
    sent++;
    await clock.sleep(pageSeconds * 1000);
  }

  function refuse(seconds: number): never {
    throw new TributaryError('RateLimitExceeded', 'not yet', { retryAfterSeconds: seconds });
  }

  return {
    requests: () => sent,
    async describe(_request, ports) {
      await request(ports);
      return {
        fields: [
          { name: 'id', type: 'String' },
          { name: 'part', type: 'String' },
          { name: 'text', type: 'String' },
        ],
        splits: Array.from({ length: splits }, (_, split) => described(split)),
        appliedFilters: [],
        appliesWindow: true,
      };
    },
    async open({ fields }, { split }, ports) {
      const number = Number(split);
      const total = recordsOf(number);
      const before = number * Math.floor(records / splits) + Math.min(number, records % splits);
      let looks: number | undefined;
      return {
        async read(token): Promise<Page> {
          if (job && token === undefined) {
            await request(ports);
            jobs.set(number, { doneAt: ports.clock.now() + job.seconds * 1000 });
            looks = 0;
            return { rows: [], bytes: 100, next: { page: 0 } };
          }
          const made = jobs.get(number);
          if (made) {
            await request(ports);
            if (ports.clock.now() < made.doneAt) {
              const seconds = nextLookSeconds(looks, job?.everySeconds);
              if (looks !== undefined) looks++;
              refuse(seconds);
            }
            jobs.delete(number);
          }
          const asked = since.get(number) ?? 0;
          if (pause && asked === pause.requests) {
            since.set(number, 0);
            await request(ports);
            refuse(pause.seconds);
          }
          since.set(number, asked + 1);
          await request(ports);
          const page = Number(token?.page ?? 0);
          const first = page * pageRecords;
          const count = Math.max(0, Math.min(pageRecords, total - first));
          const rows = Array.from({ length: count }, (_, i): Row => {
            const values = {
              id: String(10_000_000 + first + i),
              part: String(1000 + ((before + first + i) % partitions)),
              text,
            };
            return fields.map((name) => values[name as keyof typeof values]);
          });
          const isLast = first + count >= total;
          return {
            rows,
            bytes: count * size.recordBytes,
            ...(size.unit === 'split' && { unit: 0 }),
            ...(!isLast && { next: { page: page + 1 } }),
          };
        },
        close: async () => undefined,
      };
    },
    listEntities: async () => [],
    testConnection: async () => undefined,
  };
}
