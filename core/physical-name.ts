import { createHash } from 'node:crypto';

/**
 * Names that the parts of a deployment know each other by. They are API: a changed name replaces the resource.
 *
 * Flow and connection names may be 256 characters long and hold `!@#.`; AWS allows neither, so a physical name is
 * what can be read of the name and a hash that tells it from all others.
 */
const readableLength = 40;

/** `slug-hash8`: letters, digits and dashes, at most 49 characters, unique to `name`. */
export function physicalName(name: string): string {
  const slug = name
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(0, readableLength)
    .replace(/^-|-$/g, '');
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return slug === '' ? hash : `${slug}-${hash}`;
}

/** What every name of ours begins with; the settlement rule finds our state machines by it. */
export const namePrefix = 'tributary-';

/** Of a flow's stack, state machine, schedule and rule: at most 59 characters. */
export function flowResourceName(flowName: string): string {
  return `${namePrefix}${physicalName(flowName)}`;
}

/** The secret with a connection's credentials. */
export function secretName(connectorProfileName: string): string {
  return `tributary/${physicalName(connectorProfileName)}`;
}

/** The secret with its access token, for a custom connector that reads no more than that. */
export function tokenSecretName(connectorProfileName: string): string {
  return `${secretName(connectorProfileName)}/token`;
}

export function stateBucketName(account: string, region: string): string {
  return `tributary-state-${account}-${region}`;
}

/** Of the platform's function that CloudFormation asks whether a flow may be deployed as it is. */
export const identityFunctionName = `${namePrefix}identity`;
export const stateTableName = 'tributary-state';
export const platformStackName = 'tributary-platform';
/** Alias of the platform's key. */
export const keyAlias = 'alias/tributary';
/** The SSM parameter that holds the ARN of the platform's key: a key has no name that policies could use. */
export const keyArnParameter = '/tributary/key-arn';
/** Alias of the key that signs the certificates of runs. */
export const signingKeyAlias = 'alias/tributary-signing';
/** The SSM parameter that holds its ARN. */
export const signingKeyArnParameter = '/tributary/signing-key-arn';
/** Of EventBridge Scheduler: the schedules of all flows. */
export const scheduleGroupName = 'tributary';
