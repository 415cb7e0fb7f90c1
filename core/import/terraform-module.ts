/** The flows and connector profiles of a Terraform configuration: of its root module and of those that it calls. */

import { terraformFlow } from './flow-resource.ts';
import type { Found } from './found.ts';
import { foundProfile } from './profile-resource.ts';
import {
  entriesOf,
  evaluateValue,
  type ParseExpression,
  type Scope,
  unknownExpression,
  withNames,
} from './terraform-expression.ts';
import {
  type CalledModule,
  instancesOf,
  labelled,
  type Module,
  type RootModuleInput,
  rootModule,
} from './terraform-scope.ts';
import { isMembers, type Members, Unresolved } from './unresolved.ts';

const flowType = 'aws_appflow_flow';
const profileType = 'aws_appflow_connector_profile';

export async function foundInModule(input: RootModuleInput, parse: ParseExpression): Promise<Found[]> {
  return foundIn(rootModule(input, parse), parse);
}

async function foundIn(module: Module, parse: ParseExpression): Promise<Found[]> {
  const found: Found[] = [];
  for (const { fileName, blocks } of module.files) {
    for (const type of [flowType, profileType]) {
      const resources = isMembers(blocks.resource) ? blocks.resource[type] : undefined;
      for (const [name, body] of labelled(resources)) {
        found.push(...(await foundResources(type, name, body, fileName, module, parse)));
      }
    }
    for (const [name] of labelled(blocks.module)) {
      found.push(...(await foundInCall(name, `${fileName}: ${module.address}module.${name}`, module, parse)));
    }
  }
  return found;
}

async function foundInCall(
  name: string,
  place: string,
  caller: Module,
  parse: ParseExpression,
): Promise<Found[]> {
  const called: readonly CalledModule[] | Unresolved = await caller.called(name);
  if (called instanceof Unresolved) {
    return [notKnown(place, name, `how often it is called: ${called.what}: ${called.why}`)];
  }
  const found: Found[] = [];
  for (const one of called) {
    if ('reason' in one) found.push({ kind: 'notImported', place, name, ...one });
    else found.push(...(await foundIn(one, parse)));
  }
  return found;
}

function notKnown(place: string, name: string, reason: string): Found {
  return { kind: 'notImported', place, name, reason, harmless: false };
}

async function foundResources(
  type: string,
  name: string,
  body: Members,
  fileName: string,
  module: Module,
  parse: ParseExpression,
): Promise<Found[]> {
  const place = `${fileName}: ${module.address}${type}.${name}`;
  const { for_each: _, count: __, lifecycle: ___, depends_on: ____, provider, ...rest } = body;
  const instances = await instancesOf(body, module.scope, parse);
  if (instances instanceof Unresolved) {
    return [notKnown(place, name, `how often it is made: ${instances.what}: ${instances.why}`)];
  }
  const defaultTags = await module.defaultTags(aliasOf(provider));
  const found: Found[] = [];
  for (const { key, names } of instances) {
    const properties = await evaluateBody(rest, withNames(names, module.scope), parse);
    const resource = { place: `${place}${key}`, name: `${name}${key}`, properties };
    const { tags = {} } = properties;
    const allTags = isMembers(tags ?? {}) ? { ...defaultTags, ...(tags ?? {}) } : undefined;
    found.push(
      type === flowType
        ? terraformFlow({ ...resource, properties: { ...properties, tags_all: allTags } })
        : foundProfile({ ...resource, properties: { connectorProfileName: properties.name, ...properties } }),
    );
  }
  return found;
}

/** `${aws.eu}` → eu; of `aws` alone, none. */
function aliasOf(provider: unknown): string | undefined {
  return typeof provider === 'string' ? /^\$\{\w+\.([\w-]+)\}$/.exec(provider)?.[1] : undefined;
}

/** Values, nested blocks and `dynamic` blocks of a body. */
async function evaluateBody(body: Members, scope: Scope, parse: ParseExpression): Promise<Members> {
  const { dynamic, ...rest } = body;
  const made: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) {
    const isBlocks = Array.isArray(value) && value.length > 0 && value.every(isMembers);
    if (!isBlocks) made[name] = await evaluateValue(value, scope, parse);
    else {
      const blocks: Members[] = [];
      for (const block of value) blocks.push(await evaluateBody(block, scope, parse));
      made[name] = blocks;
    }
  }
  for (const [name, block] of labelled(dynamic)) {
    const blocks = await dynamicBlocks(name, block, scope, parse);
    const before = made[name];
    made[name] =
      blocks instanceof Unresolved ? blocks : [...(Array.isArray(before) ? before : []), ...blocks];
  }
  return made;
}

async function dynamicBlocks(
  name: string,
  { for_each: forEach, iterator, content }: Members,
  scope: Scope,
  parse: ParseExpression,
): Promise<Members[] | Unresolved> {
  const collection = await evaluateValue(forEach, scope, parse);
  if (collection instanceof Unresolved) return collection;
  const body: unknown = Array.isArray(content) ? content[0] : content;
  const entries = entriesOf(collection);
  if (!entries || !isMembers(body)) {
    return unknownExpression(`dynamic "${name}"`, 'its for_each is no list, map or set');
  }
  const variable = typeof iterator === 'string' ? iterator.replace(/^\$\{(.*)\}$/, '$1') : name;
  const blocks: Members[] = [];
  for (const [key, value] of entries) {
    blocks.push(await evaluateBody(body, withNames({ [variable]: { key, value } }, scope), parse));
  }
  return blocks;
}
