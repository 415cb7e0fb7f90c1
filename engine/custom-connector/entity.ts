/** What source and destination ask a custom connector alike: whether it takes its settings, and what an entity is. */

import type { ConnectorRole } from '../../core/custom-connector/settings.ts';
import { TributaryError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/ports.ts';
import { isStruct } from '../../core/record-path.ts';
import { type EntityDefinition, entityDefinition } from './answers.ts';
import { parsed } from './client.ts';
import type { Conversation } from './conversation.ts';

/** @throws ConnectionInvalid with what the connector says against its settings */
export async function validateSettings(
  asked: Conversation,
  scope: 'CONNECTOR_PROFILE' | ConnectorRole,
  label: string,
): Promise<void> {
  const type = 'ValidateConnectorRuntimeSettingsRequest';
  const got = await asked.attempt(type, ({ connectorRuntimeSettings }) => ({
    scope,
    connectorRuntimeSettings,
  }));
  const wrong = Object.entries(got.answer?.errorsByInputField ?? {}).filter(([, problem]) => problem);
  if (got.outcome.isSuccess) return;
  if (wrong.length === 0) throw asked.refusal(type, got);
  throw new TributaryError(
    'ConnectionInvalid',
    `the connector does not take the settings: ${wrong.map(([name, problem]) => `${name}: ${problem}`).join('; ')}`,
    {
      at: label,
      fix: scope === 'CONNECTOR_PROFILE' ? 'mend the connection' : "mend the flow's customProperties",
    },
  );
}

/** @throws ConnectorProtocol for a definition that is none */
export async function describeEntity(
  asked: Conversation,
  entityIdentifier: string,
  label: string,
): Promise<EntityDefinition> {
  const answer = await asked.ask('DescribeEntityRequest', ({ context }) => ({
    entityIdentifier,
    connectorContext: context(),
  }));
  return readDefinition(answer.entityDefinition, `${label}.${entityIdentifier}`);
}

/** The same of a definition that was kept. */
export function readDefinition(given: unknown, at: string): EntityDefinition {
  return { ...parsed(entityDefinition, given, at), given: handedBack(given as JsonObject) };
}

/** As it came, but for what connectors have been seen to fail on: a constraint that is null. */
function handedBack(given: JsonObject): JsonObject {
  const { fields } = given;
  if (!Array.isArray(fields)) return given;
  return {
    ...given,
    fields: (fields as readonly JsonObject[]).map(({ constraints, ...field }) => ({
      ...field,
      ...(isStruct(constraints) && {
        constraints: Object.fromEntries(
          Object.entries(constraints).filter(([, one]) => one !== null),
        ) as JsonObject,
      }),
    })),
  };
}
