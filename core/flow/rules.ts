/**
 * What CreateFlow checks beyond shapes: how the members of a definition must fit together. Where AppFlow's text is
 * public, the message contains it. What AppFlow leaves open and a run could not honour is refused too.
 */

import { TributaryError } from '../errors.ts';
import {
  type ConnectorType,
  connectorTypes,
  type DestinationFlowConfig,
  destinationKeys,
  type FlowDefinition,
  memberKey,
  profileless,
  type SourceFlowConfig,
  sourceKeys,
} from './definition.ts';
import { type Finding, toError } from './finding.ts';
import { parseSchedule, periodSeconds } from './schedule.ts';
import { taskFindings, taskWarnings } from './task-rules.ts';

/** Everything that makes the flow incorrect, as `readFlow` throws it; empty for a correct one. */
export function creationErrors(flow: FlowDefinition): TributaryError[] {
  return ruleFindings(flow).map((finding) => toError('FlowInvalid', finding));
}

/** As `creationErrors`; a part of the flow that is not there is not judged. */
export function ruleFindings(flow: Partial<FlowDefinition>): Finding[] {
  return [
    ...triggerFindings(flow),
    ...sourceFindings(flow),
    ...destinationFindings(flow),
    ...tributaryFindings(flow),
    ...taskFindings(flow),
  ];
}

function triggerFindings({ triggerConfig }: Partial<FlowDefinition>): Finding[] {
  if (!triggerConfig) return [];
  const at = 'triggerConfig.triggerProperties';
  const { triggerType } = triggerConfig;
  const scheduled = triggerConfig.triggerProperties?.Scheduled;
  if (triggerType !== 'Scheduled') {
    const fix = 'remove it, or set triggerType to Scheduled';
    return scheduled
      ? [{ at: `${at}.Scheduled`, problem: `does not go with triggerType ${triggerType}`, fix }]
      : [];
  }
  if (!scheduled) {
    const problem = 'TriggerProps is required for Scheduled Trigger Type.';
    return [{ at, problem, expected: '{ Scheduled: { scheduleExpression } }', fix: 'add it' }];
  }
  const findings: Finding[] = [];
  const { scheduleExpression, scheduleStartTime, scheduleEndTime } = scheduled;
  try {
    parseSchedule(scheduleExpression);
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    const { expected } = error.context;
    findings.push({
      at: `${at}.Scheduled.scheduleExpression`,
      problem: 'not a schedule expression',
      got: scheduleExpression,
      expected,
    });
  }
  if (
    scheduleEndTime !== undefined &&
    scheduleStartTime !== undefined &&
    scheduleEndTime <= scheduleStartTime
  ) {
    const expected = `a time after scheduleStartTime, ${scheduleStartTime}`;
    findings.push({
      at: `${at}.Scheduled.scheduleEndTime`,
      problem: 'the schedule ends before it starts',
      got: scheduleEndTime,
      expected,
    });
  }
  return findings;
}

/** Source and destination alike. */
function connectorFindings(
  config: Pick<
    SourceFlowConfig | DestinationFlowConfig,
    'connectorType' | 'connectorProfileName' | 'apiVersion'
  >,
  role: 'source' | 'destination',
  properties: object,
  at: string,
): Finding[] {
  const { connectorType, connectorProfileName, apiVersion } = config;
  const key = memberKey(connectorType);
  const known = role === 'source' ? sourceKeys : destinationKeys;
  if (!known.includes(key)) {
    const expected = `one of ${connectorTypes.filter((type) => known.includes(memberKey(type))).join(', ')}`;
    return [{ at: `${at}.connectorType`, problem: `not a ${role}`, got: connectorType, expected }];
  }
  const findings: Finding[] = [];
  const got = presentKeys(properties);
  if (got.length !== 1 || got[0] !== key) {
    const problem = `must have exactly the member that goes with connectorType ${connectorType}`;
    findings.push({ at: `${at}.${role}ConnectorProperties`, problem, got, expected: key });
  }
  const needsProfile = !profileless.includes(connectorType);
  if (needsProfile && connectorProfileName === undefined) {
    findings.push({
      at: `${at}.connectorProfileName`,
      problem: `${connectorType} needs a connector profile`,
      fix: 'name one',
    });
  }
  if (!needsProfile && connectorProfileName !== undefined) {
    const problem = `${connectorType} has no connector profile`;
    findings.push({ at: `${at}.connectorProfileName`, problem, got: connectorProfileName, fix: 'remove it' });
  }
  if (connectorType === 'CustomConnector' && apiVersion === undefined) {
    const problem = "CustomConnector needs the version of the connector's API";
    findings.push({ at: `${at}.apiVersion`, problem, fix: 'add it, e.g. "v1.0"' });
  }
  return findings;
}

/** Members that are there; one that is `undefined`, as TypeScript allows it, is not. */
function presentKeys(members: object): string[] {
  return Object.entries(members).flatMap(([key, member]) => (member === undefined ? [] : [key]));
}

function sourceFindings({ sourceFlowConfig: source }: Partial<FlowDefinition>): Finding[] {
  if (!source) return [];
  const at = 'sourceFlowConfig';
  const { sourceConnectorProperties: properties } = source;
  const findings = connectorFindings(source, 'source', properties, at);
  if (properties.SAPOData && properties.SAPOData.objectPath === undefined) {
    const fix = 'name the OData entity set';
    findings.push({ at: `${at}.sourceConnectorProperties.SAPOData.objectPath`, problem: 'missing', fix });
  }
  return findings;
}

function destinationFindings(flow: Partial<FlowDefinition>): Finding[] {
  const { destinationFlowConfigList: list, metadataCatalogConfig } = flow;
  if (!list) return [];
  const [destination, ...others] = list;
  if (!destination || others.length > 0) {
    const problem = 'AppFlow writes to one destination';
    const fix = 'write a flow for each destination';
    return [{ at: 'destinationFlowConfigList', problem, got: list.length, expected: 'exactly 1', fix }];
  }
  const at = 'destinationFlowConfigList[0]';
  const { destinationConnectorProperties: properties } = destination;
  const findings = connectorFindings(destination, 'destination', properties, at);
  for (const [key, member] of Object.entries(properties)) {
    const upserts = member && 'writeOperationType' in member && member.writeOperationType === 'UPSERT';
    if (!upserts || member.idFieldNames?.length) continue;
    const problem = 'UPSERT needs the fields that identify a record';
    findings.push({
      at: `${at}.destinationConnectorProperties.${key}.idFieldNames`,
      problem,
      fix: 'name them',
    });
  }
  if (metadataCatalogConfig?.glueDataCatalog && destination.connectorType !== 'S3') {
    findings.push({
      at: 'metadataCatalogConfig',
      problem: 'only data in S3 can be catalogued',
      fix: 'remove it',
    });
  }
  return findings;
}

function outputOf(flow: Partial<FlowDefinition>) {
  return flow.destinationFlowConfigList?.[0]?.destinationConnectorProperties.S3?.s3OutputFormatConfig;
}

function tributaryFindings(flow: Partial<FlowDefinition>): Finding[] {
  const { tributary, triggerConfig, destinationFlowConfigList, metadataCatalogConfig } = flow;
  if (!tributary) return [];
  const findings: Finding[] = [];
  const refuse = (member: keyof typeof tributary, problem: string) => {
    if (tributary[member] !== undefined)
      findings.push({ at: `tributary.${member}`, problem, fix: 'remove it' });
  };
  if (triggerConfig) {
    const { triggerType, triggerProperties } = triggerConfig;
    if (triggerType !== 'OnDemand') refuse('eventPattern', 'an event pattern needs triggerType OnDemand');
    else if (tributary.flowStatus === 'Suspended' && !tributary.eventPattern) {
      refuse('flowStatus', 'a flow that runs on demand alone cannot be suspended');
    }
    if (triggerProperties?.Scheduled?.dataPullMode !== 'Incremental') {
      refuse('lookback', 'looking back needs dataPullMode Incremental');
    }
  }
  if (destinationFlowConfigList) {
    if (destinationFlowConfigList[0]?.connectorType !== 'S3') {
      refuse(
        'errorHandlingConfig',
        'only for an S3 destination; others have an errorHandlingConfig of their own',
      );
      refuse('fileExtension', 'only for an S3 destination');
    }
    const output = outputOf(flow);
    if (output?.fileType !== 'PARQUET') refuse('compression', 'only for fileType PARQUET');
    if (output?.fileType !== 'PARQUET' || !output.preserveSourceDataTyping) {
      refuse('nestedTypes', 'only for fileType PARQUET with preserveSourceDataTyping');
    }
  }
  if (!metadataCatalogConfig?.glueDataCatalog) refuse('retentionDays', 'needs metadataCatalogConfig');
  return findings;
}

/** Seconds; https://docs.aws.amazon.com/appflow/latest/userguide/service-quotas.html */
const shortestPeriods: Partial<Record<ConnectorType, number>> = {
  Amplitude: 86_400,
  Googleanalytics: 86_400,
  Marketo: 3600,
  Singular: 3600,
  Trendmicro: 3600,
};

/** What a correct flow says in vain, or does to its author's surprise. */
export function warnings(flow: FlowDefinition): string[] {
  const { sourceFlowConfig: source, destinationFlowConfigList } = flow;
  const scheduled = flow.triggerConfig.triggerProperties?.Scheduled;
  const found = taskWarnings(flow.tasks);
  const shortest = shortestPeriods[source.connectorType];
  if (scheduled && shortest && periodSeconds(scheduled) < shortest) {
    const often = shortest === 3600 ? 'hourly' : 'daily';
    found.push(`triggerConfig: AppFlow itself runs flows from ${source.connectorType} ${often} at most`);
  }
  if (scheduled?.dataPullMode !== 'Incremental') {
    const inVain = [
      source.incrementalPullConfig && 'sourceFlowConfig.incrementalPullConfig',
      ...(['scheduleOffset', 'firstExecutionFrom'] as const).map(
        (member) =>
          scheduled?.[member] !== undefined && `triggerConfig.triggerProperties.Scheduled.${member}`,
      ),
    ];
    for (const at of inVain) if (at) found.push(`${at}: has no effect without dataPullMode Incremental`);
  }
  const output = outputOf(flow);
  if (output?.preserveSourceDataTyping && output.fileType !== 'PARQUET') {
    found.push('preserveSourceDataTyping: has no effect without fileType PARQUET');
  }
  const { prefixConfig } = output ?? {};
  const dated = prefixConfig?.prefixType === 'PATH' || prefixConfig?.prefixType === 'PATH_AND_FILENAME';
  if (prefixConfig?.prefixFormat && !dated) {
    found.push(
      'prefixConfig.prefixFormat: has no effect without a prefixType with PATH; names carry the time to the second',
    );
  }
  const from = source.sourceConnectorProperties.S3;
  if (from && source.incrementalPullConfig) {
    found.push('sourceFlowConfig.incrementalPullConfig: has no effect, S3 is pulled by LastModified');
  }
  if (from && folder(from.bucketPrefix) === '') {
    found.push("sourceFlowConfig: AppFlow itself does not read a bucket's root, it needs a bucketPrefix");
  }
  const to = destinationFlowConfigList[0]?.destinationConnectorProperties.S3;
  const target = `${folder(to?.bucketPrefix)}${flow.flowName}/`;
  if (from && from.bucketName === to?.bucketName && target.startsWith(folder(from.bucketPrefix))) {
    found.push(
      'the destination lies in the folder that the source reads: each run reads what earlier ones wrote',
    );
  }
  return found;
}

function folder(prefix = ''): string {
  const trimmed = prefix.replace(/^\/+|\/+$/g, '');
  return trimmed && `${trimmed}/`;
}
