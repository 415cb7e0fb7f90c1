/** `AWS::AppFlow::Flow` and `aws_appflow_flow`: the properties of a resource as a CreateFlow document. */

import { flowSchema } from '../flow/definition.ts';
import type { FoundFlow } from './found.ts';
import { respell } from './respell.ts';
import { isMembers, type Members, Unresolved } from './unresolved.ts';

interface Resource {
  readonly place: string;
  /** Its name in the template or module. */
  readonly name: string;
  readonly properties: Members;
}

/**
 * A flow of CloudFormation. What its template does not say of the status is as CloudFormation has it: a scheduled or
 * event flow without FlowStatus is a draft
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-appflow-flow.html).
 */
export function cloudFormationFlow({ place, name, properties }: Resource): FoundFlow {
  const { FlowStatus: status, flowStatus = status, ...rest } = properties;
  const spelt = respell(rest, flowSchema, { emptyIsAbsent: false });
  if (!isMembers(spelt)) return { kind: 'flow', place, name, document: spelt, notes: [] };
  const notes: string[] = [];
  const document = { ...spelt, ...triggerMember(spelt.triggerConfig), ...destinations(spelt, notes) };
  if (flowStatus === undefined && startsItself(document))
    notes.push('the template has no FlowStatus, so AppFlow made a draft of it');
  return { kind: 'flow', place, name, document: { ...document, flowStatus: flowStatus ?? 'Draft' }, notes };
}

/** The API has a level that CloudFormation lacks: `triggerProperties.Scheduled`. */
function triggerMember(triggerConfig: unknown): Members {
  if (!isMembers(triggerConfig) || !isMembers(triggerConfig.triggerProperties)) return {};
  const { triggerProperties } = triggerConfig;
  if ('Scheduled' in triggerProperties || Object.keys(triggerProperties).length === 0) return {};
  const wrapped = respell(
    { ...triggerConfig, triggerProperties: { Scheduled: triggerProperties } },
    flowSchema.shape.triggerConfig,
    { emptyIsAbsent: false },
  );
  return { triggerConfig: wrapped };
}

/** CloudFormation knows an Object of LookoutMetrics that the API does not have. */
function destinations({ destinationFlowConfigList: list }: Members, notes: string[]): Members {
  if (!Array.isArray(list)) return {};
  return {
    destinationFlowConfigList: list.map((one: unknown) => {
      const properties = isMembers(one) ? one.destinationConnectorProperties : undefined;
      const lookout = isMembers(properties) ? properties.LookoutMetrics : undefined;
      if (!isMembers(one) || !isMembers(properties) || !isMembers(lookout)) return one;
      if (Object.keys(lookout).length === 0) return one;
      notes.push('Object of LookoutMetrics is left out: the API has no such member');
      return { ...one, destinationConnectorProperties: { ...properties, LookoutMetrics: {} } };
    }),
  };
}

/** Attributes that Terraform computes. */
const computed = ['arn', 'id', 'region', 'tags_all', 'timeouts', 'flow_status', 'name'];

/**
 * A flow of Terraform, from its configuration, a plan or a state.
 *
 * @param properties as `terraform show -json` has them: nested blocks are lists
 */
export function terraformFlow({ place, name, properties }: Resource): FoundFlow {
  const { name: flowName, flow_status: status, tags, tags_all: tagsAll } = properties;
  const rest = Object.fromEntries(Object.entries(properties).filter(([key]) => !computed.includes(key)));
  // With the provider's default_tags, as the flow has them.
  const isTagged = isMembers(tagsAll) && Object.keys(tagsAll).length > 0;
  const spelt = respell(
    { flowName, ...rest, ...((isTagged || tags !== undefined) && { tags: isTagged ? tagsAll : tags }) },
    flowSchema,
    { emptyIsAbsent: true },
  );
  if (!isMembers(spelt)) return { kind: 'flow', place, name, document: spelt, notes: [] };
  const notes: string[] = [];
  const isKnown = typeof status === 'string' && status !== '';
  if (!isKnown && startsItself(spelt)) notes.push('Terraform does not say whether the flow is active');
  if (isCsv(spelt)) {
    notes.push(
      "Terraform keeps tasks as a set, so the order of CSV's columns is not known: compare it with a file that AppFlow wrote",
    );
  }
  return {
    kind: 'flow',
    place,
    name,
    document: { ...spelt, flowStatus: isKnown ? status : 'Draft' },
    notes,
  };
}

function startsItself({ triggerConfig }: Members): boolean {
  return isMembers(triggerConfig) && triggerConfig.triggerType !== 'OnDemand';
}

function isCsv({ destinationFlowConfigList: list }: Members): boolean {
  return !(list instanceof Unresolved) && JSON.stringify(list ?? null).includes('"fileType":"CSV"');
}
