import type {
  DestinationDescription,
  DestinationRequest,
  RecordDestination,
  WriteOperation,
  WriteResult,
  WrittenRecord,
} from '#core';

export interface ScriptedDestination extends RecordDestination {
  /** Batches that it has taken, each as often as it came. */
  readonly batches: WrittenRecord[][];
  /** What an application that upserts by `id` has then. */
  readonly records: Map<unknown, WrittenRecord>;
  /** Whom it describes itself to. */
  readonly described: DestinationRequest[];
  /** Told before a batch is taken; what it throws `write` throws. */
  onWrite: (records: readonly WrittenRecord[]) => void;
  /** Told when a batch was taken and before anybody knows; what it throws `write` throws. */
  onTaken: () => void;
}

export interface ScriptedDestinationOptions {
  /** Default 2. */
  readonly batchSize?: number;
  /** What keeps a record out: a result that refuses it. Default: nothing. */
  readonly refuse?: (record: WrittenRecord) => Extract<WriteResult, { kind: 'refused' }> | undefined;
}

const all: readonly WriteOperation[] = ['INSERT', 'UPDATE', 'UPSERT', 'DELETE'];

/** An application with the fields `id` (an integer that identifies a record), `name`, and `made`, which only it writes. */
export function scriptedDestination(options: ScriptedDestinationOptions = {}): ScriptedDestination {
  const { batchSize = 2, refuse = () => undefined } = options;
  const description: DestinationDescription = {
    fields: [
      { name: 'id', type: 'Long', operations: all, identifies: ['UPDATE', 'UPSERT', 'DELETE'] },
      { name: 'name', type: 'String', operations: ['INSERT', 'UPDATE', 'UPSERT'], identifies: [] },
      { name: 'made', type: 'DateTime', operations: [], identifies: [] },
    ],
    operations: ['INSERT', 'UPSERT', 'DELETE'],
    batchSize,
    kept: { version: 7 },
  };
  const destination: ScriptedDestination = {
    batches: [],
    records: new Map(),
    described: [],
    onWrite: () => undefined,
    onTaken: () => undefined,
    async describe(request) {
      destination.described.push(request);
      return description;
    },
    async open(_request, kept) {
      if (kept?.version !== 7) throw new Error('the session is opened without what describe kept');
      return {
        async write(records) {
          destination.onWrite(records);
          destination.batches.push([...records]);
          const results = records.map((record): WriteResult => {
            const refused = refuse(record);
            if (refused) return refused;
            destination.records.set(record.id, record);
            return { kind: 'written' };
          });
          destination.onTaken();
          return results;
        },
        close: async () => undefined,
      };
    },
  };
  return destination;
}
