/** What a JSON or YAML document holds, whichever tool wrote it. */

import { foundInTemplate, isTemplate } from './cloudformation.ts';
import type { Found, FoundFlow } from './found.ts';
import { foundProfile } from './profile-resource.ts';
import { foundInState, isTerraformState } from './terraform-state.ts';
import { type Given, isMembers, type Members } from './unresolved.ts';

/**
 * The flows and connector profiles of a document: output of `aws appflow describe-flow` or
 * `describe-connector-profiles`, a CreateFlow or CreateConnectorProfile request, a CloudFormation template, a Terraform
 * plan or state, or a list of such documents.
 *
 * @param given values that a template leaves open
 */
export function foundInDocument(document: unknown, fileName: string, given: Given): Found[] {
  if (Array.isArray(document)) {
    return document.flatMap((item, i) => foundInDocument(item, `${fileName}[${i}]`, given));
  }
  if (isTemplate(document)) return foundInTemplate(document, fileName, given);
  if (isTerraformState(document)) return foundInState(document, fileName);
  if (!isMembers(document)) return [notImported(fileName, 'neither an object nor a list')];
  const { connectorProfileDetails: details, connectorProfileConfig: config } = document;
  if (Array.isArray(details)) {
    return details
      .filter(isMembers)
      .map((properties, i) => foundProfile({ place: `${fileName}[${i}]`, name: `profile ${i}`, properties }));
  }
  if (isMembers(config)) return [foundProfile({ place: fileName, name: fileName, properties: document })];
  if (Array.isArray(document.flows)) {
    const wayOut = 'import what `aws appflow describe-flow --flow-name NAME` prints for each';
    return [notImported(fileName, `a list of flows has summaries only; ${wayOut}`)];
  }
  if (!('flowName' in document) && !('tasks' in document)) {
    return [notImported(fileName, 'neither a flow, connector profiles, a template nor a Terraform plan')];
  }
  return [foundFlow(document, fileName)];
}

function foundFlow(document: Members, fileName: string): FoundFlow {
  const { flowName, flowArn, flowStatus, lastRunExecutionDetails: last, triggerConfig } = document;
  const isRequest = flowArn === undefined && flowStatus === undefined;
  const startsItself = isMembers(triggerConfig) && triggerConfig.triggerType !== 'OnDemand';
  return {
    kind: 'flow',
    place: fileName,
    name: typeof flowName === 'string' ? flowName : fileName,
    document,
    notes:
      isRequest && startsItself && !isMembers(document.tributary)
        ? ['the file does not say whether the flow is active: deployed here, it runs at once']
        : [],
    ...(isMembers(last) && lastRun(last)),
  };
}

function lastRun({ mostRecentExecutionTime: time, mostRecentExecutionStatus: status }: Members) {
  const moment = typeof time === 'number' ? new Date(time * 1000) : new Date(String(time));
  if (Number.isNaN(moment.getTime())) return {};
  return { lastRun: { time: moment.toISOString(), status: String(status) } };
}

function notImported(fileName: string, reason: string): Found {
  return { kind: 'notImported', place: fileName, name: fileName, reason, harmless: false };
}
