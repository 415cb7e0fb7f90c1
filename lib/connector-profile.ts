import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { ConnectionDefinition } from '../core/connection.ts';
import type { ConnectorRegistration } from '../core/custom-connector/registration.ts';
import {
  keyArnParameter,
  namePrefix,
  physicalName,
  secretName,
  tokenSecretName,
} from '../core/physical-name.ts';
import { acknowledge } from './acknowledge.ts';

export interface ConnectorProfileProps {
  /** The connection file's content. */
  readonly definition: ConnectionDefinition;
  /** Registrations of custom connectors; of those alone that the connection is of. Default: none. */
  readonly customConnectors?: readonly ConnectorRegistration[];
}

/**
 * A connection's secret, by its fixed name and without a value: credentials are put there by hand or by
 * `tributary connection`, never by a template. It outlives the stack.
 */
export class ConnectorProfile extends Construct {
  readonly secretArn: string;
  readonly definition: ConnectionDefinition;

  constructor(scope: Construct, id: string, { definition, customConnectors = [] }: ConnectorProfileProps) {
    super(scope, id);
    this.definition = definition;
    const { connectorProfileName, credentials = {} } = definition;
    const members = Object.keys(credentials);
    const kmsKeyId = StringParameter.valueForStringParameter(this, keyArnParameter);
    const secret = new CfnSecret(this, 'Secret', {
      name: secretName(connectorProfileName),
      description: `Credentials of the connection ${connectorProfileName}: a JSON object of texts${members.length > 0 ? ` (${members.join(', ')})` : ''}`,
      kmsKeyId,
    });
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.secretArn = secret.ref;
    acknowledge(secret, {
      SMG4: 'The vendor issues these credentials: whoever owns the account there rotates them, or the refresh grant does',
    });
    const custom = customConnectors.find(
      ({ connectorLabel }) => connectorLabel === definition.connectorLabel,
    );
    if (!custom?.connectorConfiguration.authenticationConfig.isOAuth2Supported) return;
    // What a custom connector reads of OAuth 2: never the client's secret, never the refresh token.
    const token = new CfnSecret(this, 'Token', {
      name: tokenSecretName(connectorProfileName),
      description: `Access token of the connection ${connectorProfileName}, for its custom connector`,
      kmsKeyId,
    });
    acknowledge(token, { SMG4: 'Flows replace the token before it ends' });
  }
}

export interface ConnectorProfileStackProps extends StackProps, ConnectorProfileProps {}

/** One stack per connection. */
export class ConnectorProfileStack extends Stack {
  constructor(scope: Construct, props: ConnectorProfileStackProps) {
    const name = connectionStackName(props.definition.connectorProfileName);
    super(scope, name, {
      description: `Tributary connection ${props.definition.connectorProfileName}`,
      ...props,
    });
    new ConnectorProfile(this, 'ConnectorProfile', props);
  }
}

export function connectionStackName(connectorProfileName: string): string {
  return `${namePrefix}connection-${physicalName(connectorProfileName)}`;
}
