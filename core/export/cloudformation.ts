/** Back to AppFlow: flows as a CloudFormation template. */

import { TributaryError } from '../errors.ts';
import type { FlowDefinition } from '../flow/definition.ts';
import { createFlowRequest } from './create-flow.ts';

interface FlowResource {
  readonly Type: 'AWS::AppFlow::Flow';
  readonly Properties: Readonly<Record<string, unknown>>;
}

export interface FlowTemplate {
  readonly AWSTemplateFormatVersion: '2010-09-09';
  readonly Resources: Readonly<Record<string, FlowResource>>;
}

/**
 * One resource a flow.
 *
 * @throws TributaryError NotRunnable for what CloudFormation or AppFlow cannot say; InvalidArgument for two flows of one name
 */
export function flowTemplate(flows: readonly FlowDefinition[]): FlowTemplate {
  const resources: Record<string, FlowResource> = {};
  const names = new Set<string>();
  for (const flow of flows) {
    if (names.has(flow.flowName)) {
      throw new TributaryError('InvalidArgument', 'two flows of the same name', { got: flow.flowName });
    }
    names.add(flow.flowName);
    resources[logicalId(flow.flowName, resources)] = resourceOf(flow);
  }
  return { AWSTemplateFormatVersion: '2010-09-09', Resources: resources };
}

/** Letters and digits alone, and none twice. */
function logicalId(flowName: string, taken: Readonly<Record<string, unknown>>): string {
  const words = flowName.split(/[^a-zA-Z0-9]+/).filter(Boolean);
  const base = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  let id = `Flow${base}`;
  for (let n = 2; id in taken; n++) id = `Flow${base}${n}`;
  return id;
}

/** Destinations of the API that CloudFormation lacks. */
const apiOnly = ['CustomerProfiles', 'Honeycode'];

function resourceOf(flow: FlowDefinition): FlowResource {
  const request = createFlowRequest(flow);
  const refused = request.destinationFlowConfigList.findIndex(({ connectorType }) =>
    apiOnly.includes(connectorType),
  );
  if (refused >= 0) {
    throw new TributaryError('NotRunnable', 'CloudFormation has no such destination', {
      flowName: flow.flowName,
      at: `destinationFlowConfigList[${refused}].connectorType`,
      got: request.destinationFlowConfigList[refused]?.connectorType ?? '',
      fix: 'export it with --format create-flow',
    });
  }
  const properties = named(request);
  const startsItself = request.triggerConfig.triggerType !== 'OnDemand';
  return {
    Type: 'AWS::AppFlow::Flow',
    Properties: {
      ...properties,
      ...(startsItself && { FlowStatus: flow.tributary?.flowStatus ?? 'Active' }),
    },
  };
}

/** Names that differ in more than their first letter, and those that do not differ at all. */
const names: Readonly<Record<string, string>> = {
  kmsArn: 'KMSArn',
  failOnFirstDestinationError: 'FailOnFirstError',
  timezone: 'TimeZone',
  paginationConfig: 'paginationConfig',
  parallelismConfig: 'parallelismConfig',
  maxPageSize: 'maxPageSize',
  maxParallelism: 'maxParallelism',
};

type Members = Readonly<Record<string, unknown>>;

function named(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) =>
      value === undefined ? [] : [[names[name] ?? capital(name), converted(name, value)]],
    ),
  );
}

function converted(name: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => converted('', item));
  if (!isMembers(value)) return value;
  // Lists of keys and values, where the API has maps.
  if (name === 'tags' || name === 'taskProperties') {
    return Object.entries(value).map(([Key, Value]) => ({ Key, Value }));
  }
  if (name === 'customProperties') return value;
  // The API has a level more.
  if (name === 'triggerProperties') return isMembers(value.Scheduled) ? named(value.Scheduled) : {};
  return named(value);
}

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
