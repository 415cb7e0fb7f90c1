/** The connector protocol's answers. Unknown members are left out; `null` and nothing are the same. */

import * as z from 'zod';
import { connectorConfigurationSchema, maybe } from '../../core/custom-connector/configuration.ts';
import type { JsonObject } from '../../core/ports.ts';

const errorDetails = z.object({
  errorCode: maybe(z.string()),
  errorMessage: maybe(z.string()),
  retryAfterSeconds: maybe(z.number()),
});

/** What every answer has. */
export const outcome = z.object({ isSuccess: z.boolean(), errorDetails: maybe(errorDetails) });
export type Outcome = z.output<typeof outcome>;

const entity = z.object({
  entityIdentifier: z.string(),
  hasNestedEntities: maybe(z.boolean()),
  label: maybe(z.string()),
});

const dataTypes = [
  'String',
  'Integer',
  'Float',
  'Double',
  'Long',
  'Short',
  'BigInteger',
  'BigDecimal',
  'ByteArray',
  'Boolean',
  'Date',
  'DateTime',
  'Struct',
  'Map',
  'List',
] as const;

const field = z.object({
  fieldName: z.string().min(1),
  dataType: z.enum(dataTypes),
  label: maybe(z.string()),
  description: maybe(z.string()),
  isPrimaryKey: maybe(z.boolean()),
  readProperties: maybe(
    z.object({
      isRetrievable: maybe(z.boolean()),
      isNullable: maybe(z.boolean()),
      isQueryable: maybe(z.boolean()),
      isTimestampFieldForIncrementalQueries: maybe(z.boolean()),
    }),
  ),
  writeProperties: maybe(
    z.object({
      isCreatable: maybe(z.boolean()),
      isUpdatable: maybe(z.boolean()),
      isUpsertable: maybe(z.boolean()),
      supportedWriteOperations: maybe(z.array(z.string())),
    }),
  ),
  filterOperators: maybe(z.array(z.string())),
});
export type EntityField = z.output<typeof field>;

export const entityDefinition = z.object({
  entity: z.object({
    entityIdentifier: z.string(),
    hasNestedEntities: maybe(z.boolean()),
    isWritable: maybe(z.boolean()),
  }),
  fields: z.array(field),
});

/** An entity as the engine reads it, and as the connector gave it: it wants that back with every request on records. */
export interface EntityDefinition extends z.output<typeof entityDefinition> {
  readonly given: JsonObject;
}

export const answers = {
  DescribeConnectorConfigurationRequest: connectorConfigurationSchema,
  ValidateConnectorRuntimeSettingsRequest: z.object({
    errorsByInputField: maybe(z.record(z.string(), maybe(z.string()))),
  }),
  ValidateCredentialsRequest: z.object({}),
  ListEntitiesRequest: z.object({ entities: z.array(entity), nextToken: maybe(z.string()) }),
  DescribeEntityRequest: z.object({ entityDefinition: z.record(z.string(), z.json()) }),
  QueryDataRequest: z.object({ records: maybe(z.array(z.string())), nextToken: maybe(z.string()) }),
  RetrieveDataRequest: z.object({ records: maybe(z.array(z.string())) }),
  WriteDataRequest: z.object({
    writeRecordResults: maybe(
      z.array(
        z.object({
          isSuccess: z.boolean(),
          recordId: maybe(z.union([z.string(), z.number()])),
          errorMessage: maybe(z.string()),
        }),
      ),
    ),
  }),
} as const;
export type RequestType = keyof typeof answers;
export type AnswerOf<T extends RequestType> = z.output<(typeof answers)[T]>;
