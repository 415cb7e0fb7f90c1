/**
 * The flows and connector profiles of a Terraform plan or state: `terraform show -json`
 * (https://developer.hashicorp.com/terraform/internals/json-format), or a state file itself.
 */

import { terraformFlow } from './flow-resource.ts';
import type { Found } from './found.ts';
import { foundProfile } from './profile-resource.ts';
import { isMembers, type Members, Unresolved } from './unresolved.ts';

interface Resource {
  readonly address: string;
  readonly type: unknown;
  readonly values: Members;
}

export function isTerraformState(document: unknown): document is Members {
  if (!isMembers(document)) return false;
  const { planned_values: planned, values = planned, terraform_version: version, resources } = document;
  return (
    (isMembers(values) && 'root_module' in values) || (version !== undefined && Array.isArray(resources))
  );
}

export function foundInState(document: Members, fileName: string): Found[] {
  return resourcesOf(document).flatMap(({ address, type, values }): Found[] => {
    const resource = { place: `${fileName}: ${address}`, name: address, properties: values };
    if (type === 'aws_appflow_flow') return [terraformFlow(resource)];
    if (type !== 'aws_appflow_connector_profile') return [];
    return [foundProfile({ ...resource, properties: { connectorProfileName: values.name, ...values } })];
  });
}

function resourcesOf(document: Members): Resource[] {
  const { planned_values: planned, values = planned, resources, resource_changes: changes } = document;
  if (!isMembers(values)) return list(resources).flatMap(ofStateFile);
  const unknown = new Map(
    list(changes).map(({ address, change }) => [
      address,
      isMembers(change) ? change.after_unknown : undefined,
    ]),
  );
  return ofModule(values.root_module).map((resource) => {
    const known = withUnknown(resource.values, unknown.get(resource.address));
    return isMembers(known) ? { ...resource, values: known } : resource;
  });
}

function ofModule(module: unknown): Resource[] {
  if (!isMembers(module)) return [];
  const own = list(module.resources).flatMap(({ address, mode, type, values }): Resource[] =>
    mode === 'managed' && isMembers(values) ? [{ address: String(address), type, values }] : [],
  );
  return [...own, ...list(module.child_modules).flatMap(ofModule)];
}

/** A state file names instances below each resource. */
function ofStateFile({ module, mode, type, name, instances }: Members): Resource[] {
  if (mode !== 'managed') return [];
  return list(instances).flatMap(({ index_key: key, attributes }): Resource[] => {
    if (!isMembers(attributes)) return [];
    const index = key === undefined ? '' : `[${JSON.stringify(key)}]`;
    const address = [module, type, name].filter((part) => part !== undefined).join('.');
    return [{ address: `${address}${index}`, type, values: attributes }];
  });
}

/** Puts an `Unresolved` where a plan says that the value is known after the apply only. */
function withUnknown(value: unknown, unknown: unknown): unknown {
  if (unknown === true) {
    return new Unresolved(
      'known after apply',
      'the plan does not tell it; apply it, and import `terraform show -json` of the state',
    );
  }
  if (Array.isArray(unknown)) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    return items.map((item, i) => withUnknown(item, unknown[i]));
  }
  if (!isMembers(unknown)) return value;
  const members = isMembers(value) ? value : {};
  const names = [...new Set([...Object.keys(members), ...Object.keys(unknown)])];
  return Object.fromEntries(
    names.flatMap((name) => {
      const member = withUnknown(members[name], unknown[name]);
      return member === undefined || unknown[name] === false ? ofKnown(name, members) : [[name, member]];
    }),
  );
}

const ofKnown = (name: string, members: Members): [string, unknown][] =>
  name in members ? [[name, members[name]]] : [];

function list(value: unknown): Members[] {
  return Array.isArray(value) ? value.filter(isMembers) : [];
}
