/** A custom connector as a destination of records. */

import { stringify } from 'lossless-json';
import { type WriteOperation, writeOperations } from '../../core/connector/fields.ts';
import { settingsOf } from '../../core/custom-connector/configuration.ts';
import type { ConnectorRegistration } from '../../core/custom-connector/registration.ts';
import type {
  DestinationRequest,
  RecordDestination,
  WritableField,
  WriteResult,
  WrittenRecord,
} from '../../core/destination.ts';
import { TributaryError } from '../../core/errors.ts';
import type { SourcePorts } from '../../core/source.ts';
import type { AnswerOf, EntityDefinition, EntityField } from './answers.ts';
import type { Attempt } from './client.ts';
import { type Conversation, conversation } from './conversation.ts';
import { describeEntity, readDefinition, validateSettings } from './entity.ts';
import { type ConnectorHost, payloadLimit } from './host.ts';

/** Records of a request, unless the registration says so: what a connector in a slow language writes in its 30 s. */
const usualBatch = 500;
/** Bytes of a definition that are kept in a run's plan; a larger one is asked for again. */
const keptBytes = 90_000;
/** Bytes of a request that are neither records nor the entity's definition. */
const frameBytes = 64 * 1024;

/** Of a record that was asked to be written only if all others are. */
const besidesRefused = 'not written, as another record of the same request was refused';

export function customDestination(
  registration: ConnectorRegistration,
  host: ConnectorHost,
): RecordDestination {
  const {
    connectorLabel: label,
    connectorConfiguration: configuration,
    batchSize = usualBatch,
  } = registration;
  const about = (request: DestinationRequest, ports: SourcePorts): Conversation =>
    conversation(registration, host, request, ports, 'DESTINATION');
  const offered = writeOperations.filter(
    (operation) => configuration.supportedWriteOperations?.includes(operation) ?? true,
  );

  return {
    async describe(request, ports) {
      const asked = about(request, ports);
      const ofFlow = settingsOf(configuration, 'DESTINATION', 'SOURCE_AND_DESTINATION');
      if (ofFlow.length > 0) await validateSettings(asked, 'DESTINATION', label);
      const definition = await describeEntity(asked, request.entityName, label);
      const isSmall = Buffer.byteLength(JSON.stringify(definition.given)) <= keptBytes;
      return {
        fields: definition.fields.map((field) => writableField(field, offered)),
        operations: definition.entity.isWritable === false ? [] : offered,
        batchSize,
        ...(isSmall && { kept: { entityDefinition: definition.given } }),
      };
    },

    async open(request, kept, ports) {
      const asked = about(request, ports);
      const definition = kept
        ? readDefinition(kept.entityDefinition, label)
        : await describeEntity(asked, request.entityName, label);
      return {
        write: (records) => writeRecords(records, request, definition, asked),
        close: () => Promise.resolve(),
      };
    },
  };
}

/** A connector that says nothing of a field lets it be written. */
function writableField(
  { fieldName: name, dataType: type, label, description, isPrimaryKey, writeProperties }: EntityField,
  offered: readonly WriteOperation[],
): WritableField {
  const { isCreatable, isUpdatable, isUpsertable, supportedWriteOperations } = writeProperties ?? {};
  // As AppFlow has it, those in which the field may be among the idFieldNames.
  const identifies = supportedWriteOperations
    ? offered.filter((operation) => supportedWriteOperations.includes(operation))
    : offered.filter((operation) => isPrimaryKey && operation !== 'INSERT');
  const takes = {
    INSERT: isCreatable !== false,
    UPDATE: isUpdatable !== false,
    UPSERT: isUpsertable !== false,
    DELETE: false,
  };
  return {
    name,
    type,
    ...(label && { label }),
    ...(description && { description }),
    operations: offered.filter((operation) => takes[operation] || identifies.includes(operation)),
    identifies,
  };
}

// ---- records ----

/** A record, and the JSON that it is sent as. */
interface Written {
  readonly record: WrittenRecord;
  readonly text: string;
}

async function writeRecords(
  records: readonly WrittenRecord[],
  request: DestinationRequest,
  definition: EntityDefinition,
  asked: Conversation,
): Promise<readonly WriteResult[]> {
  const room = payloadLimit - frameBytes - Buffer.byteLength(JSON.stringify(definition.given));
  const results: WriteResult[] = [];
  let part: Written[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (part.length > 0) results.push(...(await send(part)));
    part = [];
    size = 0;
  };
  for (const record of records) {
    const text = textOf(record);
    // As a text within JSON.
    const bytes = Buffer.byteLength(JSON.stringify(text)) + 1;
    if (size + bytes > room) await flush();
    if (bytes > room) {
      const message = `${bytes} bytes are more than a function takes`;
      results.push({ kind: 'refused', code: 'TooLarge', message });
      continue;
    }
    part.push({ record, text });
    size += bytes;
  }
  await flush();
  return results;

  /** One request; of records that are refused as a whole, or take too long, two with half of them. */
  async function send(sent: readonly Written[]): Promise<readonly WriteResult[]> {
    const { operation, idFieldNames, entityName, failOnFirstError } = request;
    const halves = async (): Promise<readonly WriteResult[]> => {
      const half = Math.ceil(sent.length / 2);
      const first = await send(sent.slice(0, half));
      const rest = sent.slice(half);
      if (failOnFirstError && first.some(({ kind }) => kind === 'refused'))
        return [...first, ...rest.map(() => refused(besidesRefused, undefined))];
      return [...first, ...(await send(rest))];
    };
    let got: Attempt<'WriteDataRequest'>;
    try {
      got = await asked.attempt('WriteDataRequest', ({ context }) => ({
        entityIdentifier: entityName,
        operation,
        ...(idFieldNames.length > 0 && { idFieldNames }),
        records: sent.map(({ text }) => text),
        allOrNone: failOnFirstError,
        connectorContext: context(definition),
      }));
    } catch (error) {
      // What of these is written by now is written again: of records that are inserted, each time to stay.
      const isLate = error instanceof TributaryError && error.code === 'RequestTimeout';
      if (isLate && sent.length > 1 && operation !== 'INSERT') return halves();
      throw error;
    }
    const { outcome, answer } = got;
    const told = answer?.writeRecordResults ?? [];
    const { errorCode, errorMessage } = outcome.errorDetails ?? {};
    // Anything else is no judgement on records, whatever results come with it.
    const isJudged =
      errorCode === undefined || ['PartialWriteFailure', 'InvalidArgument'].includes(errorCode);
    if (!outcome.isSuccess && !isJudged) throw asked.refusal('WriteDataRequest', got);
    if (told.length > 0) return matched(told, sent);
    if (outcome.isSuccess) return sent.map(() => ({ kind: 'written' }));
    if (errorCode === 'InvalidArgument' && sent.length > 1 && !failOnFirstError) return halves();
    return sent.map(() => refused(errorMessage, errorCode));
  }

  /** The protocol promises no order: by the records' ids where the results have them, else by place. */
  function matched(
    told: NonNullable<AnswerOf<'WriteDataRequest'>['writeRecordResults']>,
    sent: readonly Written[],
  ): readonly WriteResult[] {
    const [idField = ''] = request.idFieldNames;
    const ids = sent.map(({ record }) => String(record[idField] ?? ''));
    const known = new Set(ids);
    const byId = new Map(told.map((result) => [String(result.recordId), result]));
    const isById =
      known.size === sent.length &&
      byId.size === told.length &&
      [...byId.keys()].every((id) => known.has(id));
    // Some tell of failures alone.
    const isWhole = told.length === sent.length || (isById && told.every(({ isSuccess }) => !isSuccess));
    if (!isWhole) {
      throw new TributaryError('ConnectorProtocol', 'the results do not tell which records were written', {
        at: `${request.connector}, WriteData`,
        got: `${told.length} results`,
        expected: `${sent.length}, one for each record`,
      });
    }
    return ids.map((id, index) => {
      const result = isById ? byId.get(id) : told[index];
      if (result?.isSuccess === false) return refused(result.errorMessage, undefined);
      // Of `allOrNone`, those that are not told of went with the others.
      return result || !request.failOnFirstError ? { kind: 'written' } : refused(besidesRefused, undefined);
    });
  }

  function refused(message: string | undefined, code: string | undefined): WriteResult {
    return {
      kind: 'refused',
      ...(code !== undefined && { code }),
      message: asked.redacted(message ?? 'the connector does not say why'),
    };
  }
}

/** Numbers as exact as they are; bytes as base64. */
function textOf(record: WrittenRecord): string {
  const text = stringify(record, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  return text ?? '{}';
}
