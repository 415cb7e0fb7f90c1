/**
 * A connection: AppFlow's connector profile as a file of the repository. It holds what is not secret; credentials are
 * names of environment variables here, and one secret in AWS.
 */

import * as z from 'zod';
import { TributaryError } from './errors.ts';
import { connectorProfileName, connectorType, profileless, text } from './flow/definition.ts';
import { type Finding, throwAny } from './flow/finding.ts';
import { parseDocument, shapeFindings } from './flow/read.ts';

const environmentReference = /^\$\{env:([A-Za-z_]\w*)\}$/;

const propertyKey = text(128, '[\\w]+', 1);
const awsId = (prefix: string) => text(64, `${prefix}-[0-9a-z-]+`);

export const connectionSchema = z.strictObject({
  connectorProfileName: connectorProfileName.describe('The name by which flows refer to the connection.'),
  connectorType: connectorType.describe(
    'CustomConnector for all connectors with a label: JDBC, GitHub, Stripe …',
  ),
  connectorLabel: text(256, '[a-zA-Z0-9][\\w!@#.-]+')
    .optional()
    .describe('With CustomConnector: which connector, e.g. JDBC, GitHub, Stripe.'),
  connectionMode: z
    .enum(['Public', 'Private'])
    .optional()
    .describe('Private: through the VPC that `vpc` names. Default Public.'),
  connectorProfileProperties: z
    .record(
      propertyKey,
      z.union([z.string().max(2048), z.number(), z.boolean()], { error: 'text, a number or a truth value' }),
    )
    .optional()
    .describe(
      "The connector's settings, none of them secret, e.g. driver, hostname, port and database of JDBC.",
    ),
  vpc: z
    .strictObject({
      vpcId: awsId('vpc'),
      subnetIds: z.array(awsId('subnet')).min(1),
      securityGroupIds: z.array(awsId('sg')).min(1),
      availabilityZones: z.array(z.string().min(1)).optional(),
    })
    .optional(),
  endpoint: z
    .url({ protocol: /^https?$/, error: 'an http or https URL' })
    .optional()
    .describe("Replaces the connector's base URL in tests against a local server."),
  credentials: z
    .record(
      propertyKey,
      z
        .string()
        .regex(environmentReference, { error: 'a reference to an environment variable: ${env:NAME}' }),
    )
    .optional()
    .describe('For runs on one machine: each value is a reference such as ${env:GITHUB_TOKEN}.'),
});

export type ConnectionDefinition = z.output<typeof connectionSchema>;

/**
 * Reads a connection from JSON or YAML.
 *
 * @throws TributaryErrors ConnectionInvalid with everything that is wrong. Neither settings nor credentials are repeated.
 */
export function readConnection(text: string, fileName: string): ConnectionDefinition {
  return checkConnection(parseDocument(text, fileName, 'ConnectionInvalid'), fileName);
}

/** The same for a document that is no text any more. */
export function checkConnection(document: unknown, fileName: string): ConnectionDefinition {
  const shape = shapeFindings(connectionSchema, document).map(withoutValue);
  throwAny('ConnectionInvalid', shape, fileName);
  const connection = connectionSchema.parse(document);
  throwAny('ConnectionInvalid', ruleFindings(connection), fileName);
  return connection;
}

/** Whatever is wrong with these values, they may be secret. */
function withoutValue(finding: Finding): Finding {
  if (
    !/^(?:$|credentials|connectorProfileProperties|endpoint)/.test(finding.at) &&
    typeof finding.got !== 'object'
  ) {
    return finding;
  }
  const { got: _, ...rest } = finding;
  const isLiteral = finding.at.startsWith('credentials.') && finding.problem === 'not allowed here';
  return { ...rest, fix: isLiteral ? 'put the value into that variable, never into this file' : undefined };
}

const secretName = /(?:password|passwd|secret|token|api_?key|private_?key)$/i;

function ruleFindings(connection: ConnectionDefinition): Finding[] {
  const findings: Finding[] = [];
  const { connectorType: type, connectorLabel: got, connectionMode, vpc, endpoint } = connection;
  if (profileless.includes(type)) {
    findings.push({ at: 'connectorType', problem: `${type} needs no connection`, fix: 'remove this file' });
  }
  if (type === 'CustomConnector' && got === undefined) {
    const problem = 'missing: which custom connector it is';
    findings.push({ at: 'connectorLabel', problem, expected: 'e.g. JDBC, GitHub or Stripe', fix: 'add it' });
  }
  if (type !== 'CustomConnector' && got !== undefined) {
    const fix = 'remove it, or set connectorType to CustomConnector';
    findings.push({ at: 'connectorLabel', problem: `does not go with connectorType ${type}`, got, fix });
  }
  if (connectionMode === 'Private' && !vpc) {
    findings.push({
      at: 'vpc',
      problem: 'connectionMode Private needs the VPC to connect through',
      fix: 'add it',
    });
  }
  if (connectionMode === 'Public' && vpc) {
    const problem = 'a connection through a VPC is not public';
    findings.push({ at: 'connectionMode', problem, got: connectionMode, expected: 'Private' });
  }
  for (const [key, value] of Object.entries(connection.connectorProfileProperties ?? {})) {
    if (!looksSecret(key, value)) continue;
    const fix = 'move it to credentials, as ${env:NAME}';
    findings.push({ at: `connectorProfileProperties.${key}`, problem: 'a secret does not belong here', fix });
  }
  if (hasPassword(endpoint)) {
    findings.push({
      at: 'endpoint',
      problem: 'a secret does not belong here',
      fix: 'leave user and password out',
    });
  }
  return findings;
}

/** Whether a setting is one by its name, or holds a password. */
export function looksSecret(key: string, value: unknown): boolean {
  return secretName.test(key) || hasPassword(value);
}

/** A URL with a user and password. */
function hasPassword(value: unknown): boolean {
  return typeof value === 'string' && /:\/\/[^/@\s]*@/.test(value);
}

/**
 * The values of a connection's credentials.
 *
 * @param env e.g. `process.env`.
 * @throws TributaryError InvalidCredentials naming all variables that are not set.
 */
export function resolveEnv(
  credentials: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const values: Record<string, string> = {};
  const unset: string[] = [];
  for (const [key, reference] of Object.entries(credentials)) {
    const name = environmentReference.exec(reference)?.[1];
    const value = name === undefined ? undefined : env[name];
    if (value === undefined) unset.push(name ?? `of ${key}`);
    else values[key] = value;
  }
  if (unset.length > 0) {
    throw new TributaryError(
      'InvalidCredentials',
      `environment variables that are not set: ${unset.join(', ')}`,
      {
        fix: 'set what the connection file refers to',
      },
    );
  }
  return values;
}
