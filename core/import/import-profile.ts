/** From a connector profile as it was found to a connection, without any credential. */

import { type ConnectionDefinition, checkConnection, looksSecret } from '../connection.ts';
import { messageOf } from '../errors.ts';
import { didYouMean } from '../flow/finding.ts';
import type { FoundProfile } from './found.ts';
import { type Imported, refusedItem } from './imported.ts';
import { isMembers, type Members, Unresolved, unresolvedIn } from './unresolved.ts';

export type ImportedConnection = Imported<ConnectionDefinition>;

/** What this version knows of a connector's connections. */
export interface ConnectorKnowledge {
  readonly connectorNames: readonly string[];
  /** Names of its settings; `undefined` for a connector that this version does not have. */
  settingsOf(connector: string): readonly string[] | undefined;
}

export function importProfile(found: FoundProfile, knowledge: ConnectorKnowledge): ImportedConnection {
  const { place, name, document } = found;
  const { connectorProfileProperties: settings, ...rest } = document;
  const unknown = unresolvedIn(rest).filter(({ at }) => at !== 'kmsArn');
  if (unknown.length > 0) {
    return refusedItem(
      name,
      place,
      unknown.map(({ at, value }) => `${at}: ${value.what} is not known: ${value.why}`),
    );
  }
  const label = connectorLabel(document.connectorLabel, knowledge.connectorNames);
  const isCustom = document.connectorType === 'CustomConnector';
  const connector = isCustom ? label : String(document.connectorType);
  const known = connector === undefined ? undefined : knowledge.settingsOf(connector);
  const hint =
    (connector === undefined ? undefined : didYouMean(connector, knowledge.connectorNames)) ??
    (isCustom
      ? `if it is a custom connector, register its function: \`tributary connectors register ${connector} --lambda ARN\``
      : undefined);
  const sorted = sortSettings(isMembers(settings) ? settings : {}, known);
  const isPrivate = document.connectionMode === 'Private';
  let definition: ConnectionDefinition;
  try {
    const checked = checkConnection(
      {
        connectorProfileName: document.connectorProfileName,
        connectorType: document.connectorType,
        ...(isCustom && { connectorLabel: label }),
        ...(Object.keys(sorted.kept).length > 0 && { connectorProfileProperties: sorted.kept }),
      },
      place,
    );
    // Without the VPC that only the user can name; until then the file is refused by name.
    definition = isPrivate ? { ...checked, connectionMode: 'Private' } : checked;
  } catch (error) {
    return refusedItem(name, place, messageOf(error).split('\n'));
  }
  return {
    name,
    place,
    content: definition,
    report: {
      refused: [],
      kept: [
        `${connector}${isPrivate ? ', private' : ''}`,
        ...Object.keys(sorted.kept).map((key) => `setting ${key}`),
      ],
      differently: [
        ...(label !== document.connectorLabel && isCustom
          ? [`AppFlow's label ${document.connectorLabel} is ${label} here`]
          : []),
        ...sorted.unused.map((key) => `${key}: not a setting of ${connector} here, left out`),
        ...(document.kmsArn ? ["its secret is encrypted by the platform's key, not by kmsArn"] : []),
      ],
      notYet:
        known || connector === undefined
          ? []
          : [`this version has no connector ${connector}; ${hint ?? 'its settings are kept as they are'}`],
      todo: [
        ...found.notes,
        ...sorted.secret.map((key) => `${key}: looks like a secret, left out; give it as a credential`),
        ...sorted.unknown.map((text) => `${text}; write it into the file`),
        ...(isPrivate
          ? ['private: name vpcId, subnetIds and securityGroupIds under vpc, in place of PrivateLink']
          : []),
        `credentials cannot leave AppFlow: \`tributary connection edit ${name}\` asks for them, or for consent`,
      ],
    },
  };
}

/** The connector's name here, where AppFlow's label differs in its case alone. */
function connectorLabel(label: unknown, names: readonly string[]): string | undefined {
  if (typeof label !== 'string') return undefined;
  return names.find((name) => name.toLowerCase() === label.toLowerCase()) ?? label;
}

interface SortedSettings {
  readonly kept: Record<string, string | number | boolean>;
  /** Not of this connector. */
  readonly unused: string[];
  readonly secret: string[];
  /** `instanceUrl: Ref Url is not known: …` */
  readonly unknown: string[];
}

function sortSettings(settings: Members, known: readonly string[] | undefined): SortedSettings {
  const sorted: SortedSettings = { kept: {}, unused: [], secret: [], unknown: [] };
  for (const [key, value] of Object.entries(settings)) {
    if (looksSecret(key, value)) sorted.secret.push(key);
    // What is off in AppFlow is off here: a state has every flag.
    else if (known && !known.includes(key) && value === false) continue;
    else if (known && !known.includes(key)) sorted.unused.push(key);
    else if (value instanceof Unresolved)
      sorted.unknown.push(`${key}: ${value.what} is not known: ${value.why}`);
    else sorted.kept[key] = typeof value === 'number' || typeof value === 'boolean' ? value : String(value);
  }
  return sorted;
}
