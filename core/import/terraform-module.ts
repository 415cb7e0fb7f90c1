/** The flows and connector profiles of a Terraform module, read from its configuration. */

import { terraformFlow } from './flow-resource.ts';
import type { Found } from './found.ts';
import { foundProfile } from './profile-resource.ts';
import {
  entriesOf,
  evaluateValue,
  memberAt,
  type ParseExpression,
  type Scope,
  unknownExpression,
  withNames,
} from './terraform-expression.ts';
import { type Given, isMembers, type Members, Unresolved } from './unresolved.ts';

export interface ModuleFile {
  readonly fileName: string;
  /** Its blocks, as JSON configuration syntax has them (`.tf.json`). */
  readonly blocks: Members;
}

export interface ModuleInput {
  readonly files: readonly ModuleFile[];
  /** Values of variables, as `terraform.tfvars` has them. */
  readonly variables: Members;
  /** Values that the module leaves open: `region`, or `aws_kms_key.lake.arn`. */
  readonly given: Given;
}

const flowType = 'aws_appflow_flow';
const profileType = 'aws_appflow_connector_profile';

/** Attributes that another one tells, and is set in the configuration. */
const same: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aws_s3_bucket: { id: 'bucket' },
  aws_s3_bucket_policy: { id: 'bucket' },
  [profileType]: { id: 'name' },
  aws_glue_catalog_database: { id: 'name' },
};

export async function foundInModule(input: ModuleInput, parse: ParseExpression): Promise<Found[]> {
  const scope = moduleScope(input, parse);
  const defaultTags = await providerTags(input, scope, parse);
  const found: Found[] = [];
  for (const { fileName, blocks } of input.files) {
    for (const [name] of labelled(blocks.module)) {
      found.push({
        kind: 'notImported',
        place: `${fileName}: module.${name}`,
        name,
        reason: 'a module: import its folder, too, or the output of `terraform show -json`',
        harmless: true,
      });
    }
    for (const type of [flowType, profileType]) {
      const resources = isMembers(blocks.resource) ? blocks.resource[type] : undefined;
      for (const [name, body] of labelled(resources)) {
        found.push(...(await instances(type, name, body, fileName, defaultTags, scope, parse)));
      }
    }
  }
  return found;
}

/** Blocks by their label: each is an object, or a list of one. */
function labelled(blocks: unknown): [string, Members][] {
  return Object.entries(isMembers(blocks) ? blocks : {}).flatMap(([name, body]): [string, Members][] => {
    const bodies: unknown[] = Array.isArray(body) ? body : [body];
    return bodies.flatMap((one): [string, Members][] => (isMembers(one) ? [[name, one]] : []));
  });
}

async function instances(
  type: string,
  name: string,
  body: Members,
  fileName: string,
  defaultTags: Members,
  scope: Scope,
  parse: ParseExpression,
): Promise<Found[]> {
  const place = `${fileName}: ${type}.${name}`;
  const { for_each: forEach, count, lifecycle: _, depends_on: __, provider: ___, ...rest } = body;
  const make = async (key: string, names: Members): Promise<Found> => {
    const properties = await evaluateBody(rest, withNames(names, scope), parse);
    const resource = { place: `${place}${key}`, name: `${name}${key}`, properties };
    const { tags = {} } = properties;
    const allTags = isMembers(tags) ? { ...defaultTags, ...tags } : undefined;
    return type === flowType
      ? terraformFlow({ ...resource, properties: { ...properties, tags_all: allTags } })
      : foundProfile({ ...resource, properties: { connectorProfileName: properties.name, ...properties } });
  };
  if (forEach === undefined && count === undefined) return [await make('', {})];

  const repeated = await evaluateValue(forEach ?? count, scope, parse);
  const notKnown = (reason: string): Found[] => [
    { kind: 'notImported', place, name, reason, harmless: false },
  ];
  if (repeated instanceof Unresolved)
    return notKnown(`how often it is made: ${repeated.what}: ${repeated.why}`);
  const all: Found[] = [];
  if (forEach === undefined) {
    for (let index = 0; index < Number(repeated); index++)
      all.push(await make(`[${index}]`, { count: { index } }));
    return all;
  }
  const entries = entriesOf(repeated);
  if (!entries) return notKnown('its for_each is no map or set');
  for (const [index, value] of entries) {
    const key = Array.isArray(repeated) ? String(value) : String(index);
    all.push(await make(`[${JSON.stringify(key)}]`, { each: { key, value } }));
  }
  return all;
}

/** `default_tags` of the provider that resources have unless they name another. */
async function providerTags({ files }: ModuleInput, scope: Scope, parse: ParseExpression): Promise<Members> {
  const providers = files.flatMap(({ blocks }) => labelled(blocks.provider));
  const [, body] = providers.find(([name, { alias }]) => name === 'aws' && alias === undefined) ?? [];
  const { default_tags: blocks } = await evaluateBody({ default_tags: body?.default_tags }, scope, parse);
  const block: unknown = Array.isArray(blocks) ? blocks[0] : blocks;
  return isMembers(block) && isMembers(block.tags) ? block.tags : {};
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

/** Variables, local values and other resources of the module. */
function moduleScope({ files, variables, given }: ModuleInput, parse: ParseExpression): Scope {
  const ofFiles = (part: string): unknown[] => files.flatMap(({ blocks }) => blocks[part] ?? []);
  const defaults = new Map(ofFiles('variable').flatMap(labelled));
  // Whether a flow needs it or not, it is the module's.
  for (const name of defaults.keys()) given(name);
  const locals: Members = Object.assign(
    {},
    ...ofFiles('locals').flatMap((one) => (Array.isArray(one) ? one : [one])),
  );
  const resources = new Map(
    ofFiles('resource').flatMap((types) =>
      Object.entries(isMembers(types) ? types : {}).flatMap(([type, named]) =>
        labelled(named).map(([name, body]) => [`${type}.${name}`, body] as const),
      ),
    ),
  );
  /** Names that are being looked up: a circle has no value. */
  const open = new Set<string>();
  const once = async (text: string, work: () => Promise<unknown>): Promise<unknown> => {
    if (open.has(text)) return unknownExpression(text, 'it refers to itself');
    open.add(text);
    try {
      return await work();
    } finally {
      open.delete(text);
    }
  };
  const notTold = (text: string, name: string) =>
    unknownExpression(text, `the configuration does not tell it: give it with --parameters ${name}=VALUE`);

  const scope: Scope = {
    async reference(path, text) {
      const [kind = '', name = '', ...rest] = path;
      const asked = given(text) ?? (kind === 'var' && rest.length === 0 ? given(String(name)) : undefined);
      if (asked !== undefined) return asked;
      if (kind === 'var') {
        const value = variables[name] ?? defaults.get(String(name))?.default;
        if (value === undefined) return notTold(text, String(name));
        return memberAt(await evaluateValue(value, scope, parse), rest, text);
      }
      if (kind === 'local') {
        const value = locals[name];
        if (value === undefined) return unknownExpression(text, 'there is no such local value');
        return once(`local.${name}`, async () =>
          memberAt(await evaluateValue(value, scope, parse), rest, text),
        );
      }
      const [attribute, ...inside] = rest;
      const body = resources.get(`${kind}.${name}`);
      const repeats = body?.for_each !== undefined || body?.count !== undefined;
      const written = body?.[same[kind]?.[String(attribute)] ?? String(attribute)];
      if (attribute === undefined || repeats || written === undefined) return notTold(text, text);
      return once(text, async () => memberAt(await evaluateValue(written, scope, parse), inside, text));
    },
  };
  return scope;
}
