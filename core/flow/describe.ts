/** A flow's source and destination in words, as AppFlow's events and lists name them. */

import type { FlowDefinition } from './definition.ts';

type Properties = Readonly<Record<string, unknown>>;

/** The one member of `sourceConnectorProperties`. */
export function sourceProperties(flow: FlowDefinition): Properties {
  return onlyMember(flow.sourceFlowConfig.sourceConnectorProperties);
}

export function destinationConfig(flow: FlowDefinition): FlowDefinition['destinationFlowConfigList'][number] {
  const config = flow.destinationFlowConfigList[0];
  if (!config) throw new Error('a flow has one destination: its schema sees to that');
  return config;
}

/** The one member of `destinationConnectorProperties`. */
export function destinationProperties(flow: FlowDefinition): Properties {
  return onlyMember(destinationConfig(flow).destinationConnectorProperties);
}

/** `S3`, or `SALESFORCE/sf-prod`: the connector in upper case, with the connection where there is one. */
export function sourceName(flow: FlowDefinition): string {
  return connectorInUpperCase(flow.sourceFlowConfig);
}

export function destinationName(flow: FlowDefinition): string {
  return connectorInUpperCase(destinationConfig(flow));
}

/** `contact`, or `s3://bucket/prefix`. */
export function sourceObject(flow: FlowDefinition): string {
  return objectOf(sourceProperties(flow));
}

export function destinationObject(flow: FlowDefinition): string {
  return objectOf(destinationProperties(flow));
}

function onlyMember(members: object): Properties {
  const present = Object.values(members).find((member) => member !== undefined);
  return (present ?? {}) as Properties;
}

function connectorInUpperCase(config: {
  connectorType: string;
  connectorProfileName?: string | undefined;
}): string {
  const type = config.connectorType.toUpperCase();
  return config.connectorProfileName ? `${type}/${config.connectorProfileName}` : type;
}

function objectOf(properties: Properties): string {
  const { bucketName, bucketPrefix, object, objectPath, entityName, domainName } = properties;
  if (bucketName && !object) return `s3://${[bucketName, bucketPrefix].filter(Boolean).join('/')}`;
  return String(object ?? objectPath ?? entityName ?? domainName ?? '');
}
