/** Connector profiles of any origin, in the API's names and without credentials. */

import type { FoundProfile } from './found.ts';
import { isMembers, type Members } from './unresolved.ts';

interface Resource {
  readonly place: string;
  readonly name: string;
  readonly properties: Members;
}

/**
 * A profile of `describe-connector-profiles`, of CreateConnectorProfile, of `AWS::AppFlow::ConnectorProfile` or of
 * `aws_appflow_connector_profile`. Of credentials the names alone are kept, of the secret not even the ARN: nothing
 * but AppFlow may read it.
 */
export function foundProfile({ place, name, properties }: Resource): FoundProfile {
  const profile = named(properties);
  const config = block(profile.connectorProfileConfig) ?? {};
  const { connectorProfileProperties = profile.connectorProfileProperties } = named(config);
  const credentials = block(named(config).connectorProfileCredentials);
  const notes = credentials ? credentialNames(credentials) : [];
  const profileName = profile.connectorProfileName ?? profile.name;
  return {
    kind: 'profile',
    place,
    name: typeof profileName === 'string' ? profileName : name,
    document: {
      connectorProfileName: profileName,
      connectorType: profile.connectorType,
      connectorLabel: profile.connectorLabel || undefined,
      connectionMode: profile.connectionMode || undefined,
      kmsArn: profile.kmsArn || undefined,
      connectorProfileProperties: settingsOf(connectorProfileProperties),
    },
    notes: notes.length > 0 ? [`credentials in the file, none of them copied: ${notes.join(', ')}`] : [],
  };
}

/** Members whose keys are the user's own, not the API's. */
const free = ['profileProperties', 'tokenUrlCustomProperties'];

/** The settings of the one connector that is there, nested ones (of a custom connector, of OAuth) beside the others. */
function settingsOf(properties: unknown): Members {
  const ofConnectors = Object.values(block(properties) ?? {}).map(block);
  return flat(ofConnectors.find((members) => members && Object.keys(members).length > 0) ?? {});
}

function flat(members: Members): Members {
  return Object.fromEntries(
    Object.entries(named(members)).flatMap(([key, value]): [string, unknown][] => {
      const inner = block(value);
      if (value === null || value === '' || value === undefined) return [];
      if (inner) return Object.entries(free.includes(key) ? inner : flat(inner));
      return [[key, Array.isArray(value) ? value.join(' ') : value]];
    }),
  );
}

function credentialNames(credentials: Members): string[] {
  const names = (members: Members): string[] =>
    Object.entries(named(members)).flatMap(([key, value]) => {
      const inner = block(value);
      if (inner) return key === 'credentialsMap' ? Object.keys(inner) : names(inner);
      return value === null || value === '' || value === undefined ? [] : [key];
    });
  return Object.values(credentials).flatMap((one) => names(block(one) ?? {}));
}

/** Terraform's nested blocks are lists of one. */
function block(value: unknown): Members | undefined {
  const one = Array.isArray(value) && value.length === 1 ? (value[0] ?? {}) : value;
  return isMembers(one) ? one : undefined;
}

/** `InstanceUrl`, `instance_url` → `instanceUrl`; `KMSArn` → `kmsArn`, `DisableSSO` → `disableSSO`. */
function named(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([key, value]) => [
      key
        .replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
        .replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]/, (start) => start.toLowerCase()),
      value,
    ]),
  );
}
