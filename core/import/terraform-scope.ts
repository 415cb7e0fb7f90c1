/** What the names of a Terraform module mean: its variables, local values, resources, and the modules that it calls. */

import {
  entriesOf,
  evaluateValue,
  Missing,
  memberAt,
  type ParseExpression,
  pathText,
  type Scope,
  unknownExpression,
  withNames,
} from './terraform-expression.ts';
import { typed } from './terraform-type.ts';
import { type Given, isMembers, type Members, Unresolved } from './unresolved.ts';

export interface ModuleFile {
  readonly fileName: string;
  /** Its blocks, as JSON configuration syntax has them (`.tf.json`). */
  readonly blocks: Members;
}

export interface LoadedModule {
  /** Of its folder: a module that calls itself has no end. */
  readonly folder: string;
  readonly files: readonly ModuleFile[];
}

/** Finds the module of a `module` block. `undefined`: its folder is not on this machine. */
export type LoadModule = (call: {
  /** Names of the calls that lead to it, `application.flow`, as `terraform init` lists modules. */
  readonly key: string;
  readonly source: string;
  readonly callingFile: string;
}) => Promise<LoadedModule | undefined>;

export interface RootModuleInput {
  readonly files: readonly ModuleFile[];
  /** Values of variables, as `terraform.tfvars` has them. */
  readonly variables: Members;
  /** Values that the module leaves open: `region`, or `aws_kms_key.lake.arn`. */
  readonly given: Given;
  readonly loadModule: LoadModule;
}

export interface Module {
  /** What Terraform has before the addresses of its resources: `module.flow["tickets"].`; empty for the root. */
  readonly address: string;
  readonly files: readonly ModuleFile[];
  readonly scope: Scope;
  /** The instances of one of its `module` blocks. `Unresolved`: nobody knows how many. */
  called(name: string): Promise<readonly CalledModule[] | Unresolved>;
  /** The value of an output. */
  output(name: string, text: string): Promise<unknown>;
  /** `default_tags` of a provider: its alias, or none. */
  defaultTags(alias: string | undefined): Promise<Members>;
}

/** A module, or why it cannot be followed. */
export type CalledModule = Module | { readonly reason: string; readonly harmless: boolean };

/** Blocks by their label: each is an object, or a list of one. */
export function labelled(blocks: unknown): [string, Members][] {
  return Object.entries(isMembers(blocks) ? blocks : {}).flatMap(([name, body]): [string, Members][] => {
    const bodies: unknown[] = Array.isArray(body) ? body : [body];
    return bodies.flatMap((one): [string, Members][] => (isMembers(one) ? [[name, one]] : []));
  });
}

export interface Instance {
  /** `["eu"]` or `[0]`; empty for what is made once. */
  readonly key: string;
  /** What `each` or `count` is within it. */
  readonly names: Members;
}

/** How often a resource or a module is made, by its `for_each` or `count`. */
export async function instancesOf(
  { for_each: forEach, count }: Members,
  scope: Scope,
  parse: ParseExpression,
): Promise<readonly Instance[] | Unresolved> {
  if (forEach === undefined && count === undefined) return [{ key: '', names: {} }];
  const repeated = await evaluateValue(forEach ?? count, scope, parse);
  if (repeated instanceof Unresolved) return repeated;
  if (forEach === undefined) {
    return Array.from({ length: Number(repeated) }, (_, index) => ({
      key: `[${index}]`,
      names: { count: { index } },
    }));
  }
  const entries = entriesOf(repeated);
  if (!entries) return unknownExpression('for_each', 'it is no map or set');
  return entries.map(([name, value]) => {
    const key = Array.isArray(repeated) ? String(value) : String(name);
    return { key: `[${JSON.stringify(key)}]`, names: { each: { key, value } } };
  });
}

export function rootModule(
  { files, variables, given, loadModule }: RootModuleInput,
  parse: ParseExpression,
): Module {
  const providers = files.flatMap(({ blocks }) => labelled(blocks.provider));
  const module: Module = openModule(
    {
      address: '',
      key: '',
      folders: [],
      files,
      given,
      argument: (name) =>
        Object.hasOwn(variables, name) ? evaluateValue(variables[name], module.scope, parse) : undefined,
      async defaultTags(alias) {
        const [, body] = providers.find(([name, members]) => name === 'aws' && members.alias === alias) ?? [];
        const blocks: unknown = body?.default_tags;
        const block: unknown = Array.isArray(blocks) ? blocks[0] : blocks;
        const tags = isMembers(block) ? await evaluateValue(block.tags, module.scope, parse) : undefined;
        return isMembers(tags) ? tags : {};
      },
      loadModule,
    },
    parse,
  );
  return module;
}

interface ModuleParts {
  readonly address: string;
  readonly key: string;
  /** Of the modules that lead here. */
  readonly folders: readonly string[];
  readonly files: readonly ModuleFile[];
  readonly given: Given;
  /** The value that a variable is given; `undefined`: none. */
  argument(name: string): Promise<unknown> | undefined;
  readonly defaultTags: Module['defaultTags'];
  readonly loadModule: LoadModule;
}

/** Attributes that another one tells, and is set in the configuration. */
const same: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aws_s3_bucket: { id: 'bucket' },
  aws_s3_bucket_policy: { id: 'bucket' },
  aws_appflow_connector_profile: { id: 'name' },
  aws_glue_catalog_database: { id: 'name' },
};

function openModule(parts: ModuleParts, parse: ParseExpression): Module {
  const { address, files, given, defaultTags } = parts;
  const ofFiles = (part: string): unknown[] => files.flatMap(({ blocks }) => blocks[part] ?? []);
  const variables = new Map(ofFiles('variable').flatMap(labelled));
  const outputs = new Map(ofFiles('output').flatMap(labelled));
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
  const calls = new Map(
    files.flatMap(({ fileName, blocks }) =>
      labelled(blocks.module).map(([name, body]) => [name, { fileName, body }] as const),
    ),
  );
  const isRoot = address === '';
  // Whether a flow needs it or not, it is the module's.
  if (isRoot) for (const name of variables.keys()) given(name);

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
  const notTold = (text: string, name = `${address}${text}`) =>
    unknownExpression(text, `the configuration does not tell it: give it with --parameters ${name}=VALUE`);

  async function variable(name: string, text: string): Promise<unknown> {
    const declared = variables.get(name);
    const asked = isRoot ? given(name) : undefined;
    let value = asked ?? (await parts.argument(name));
    // Null is a value, unless the variable says that it is none.
    if (value === undefined || (value === null && declared?.nullable === false)) value = declared?.default;
    else return typed(value, declared?.type, parse);
    if (value === undefined) return notTold(text, isRoot ? name : undefined);
    return typed(await evaluateValue(value, scope, parse), declared?.type, parse);
  }

  async function resource(
    type: string,
    name: string,
    rest: readonly (string | number)[],
    text: string,
  ): Promise<unknown> {
    const body = resources.get(`${type}.${name}`);
    if (body === undefined) return notTold(text);
    const found = await instanceAt(body, rest);
    if (found instanceof Unresolved) return found;
    const [attribute, ...inside] = found?.rest ?? [];
    const written = body[same[type]?.[String(attribute)] ?? String(attribute)];
    if (!found || attribute === undefined || written === undefined) return notTold(text);
    return once(text, async () =>
      memberAt(await evaluateValue(written, withNames(found.instance.names, scope), parse), inside, text),
    );
  }

  /** The instance that a path leads to, and what of the path is left. */
  async function instanceAt(body: Members, path: readonly (string | number)[]) {
    const instances = await instancesOf(body, scope, parse);
    if (instances instanceof Unresolved) return instances;
    const [first] = instances;
    if (first?.key === '') return { instance: first, rest: path };
    const key = typeof path[0] === 'number' ? `[${path[0]}]` : `[${JSON.stringify(path[0])}]`;
    const instance = instances.find((one) => one.key === key);
    return instance && { instance, rest: path.slice(1) };
  }

  const opened = new Map<string, Promise<readonly CalledModule[] | Unresolved>>();
  function called(name: string): Promise<readonly CalledModule[] | Unresolved> {
    const known = opened.get(name);
    if (known) return known;
    const made = callModule(name);
    opened.set(name, made);
    return made;
  }

  async function callModule(name: string): Promise<readonly CalledModule[] | Unresolved> {
    const call = calls.get(name);
    if (!call) return [];
    const instances = await instancesOf(call.body, scope, parse);
    if (instances instanceof Unresolved) return instances;
    const { source, providers } = call.body;
    const key = parts.key === '' ? name : `${parts.key}.${name}`;
    const loaded =
      typeof source === 'string'
        ? await parts.loadModule({ key, source, callingFile: call.fileName })
        : undefined;
    if (!loaded) {
      // Without a word on AppFlow it may be about anything; a folder that is missing is part of what is imported.
      const isLocal = /^\.\.?\//.test(String(source));
      const reason = isLocal
        ? `there is no folder ${String(source)}`
        : `a module from elsewhere, ${String(source)}: run \`terraform init\`, or import the output of \`terraform show -json\``;
      return [{ reason, harmless: !isLocal }];
    }
    if (parts.folders.includes(loaded.folder)) {
      return [{ reason: `the module of ${loaded.folder} calls itself`, harmless: false }];
    }
    return instances.map((instance) => {
      const inner = withNames(instance.names, scope);
      return openModule(
        {
          address: addressOf(name, instance),
          key,
          folders: [...parts.folders, loaded.folder],
          files: loaded.files,
          given,
          argument: (argument) =>
            Object.hasOwn(call.body, argument)
              ? once(`${addressOf(name, instance)}${argument}`, () =>
                  evaluateValue(call.body[argument], inner, parse),
                )
              : undefined,
          defaultTags: (alias) => defaultTags(providerOf(providers, alias)),
          loadModule: parts.loadModule,
        },
        parse,
      );
    });
  }

  async function ofModule(name: string, rest: readonly (string | number)[], text: string): Promise<unknown> {
    const call = calls.get(name);
    if (!call) return notTold(text);
    const found = await instanceAt(call.body, rest);
    if (found instanceof Unresolved) return found;
    if (!found) return new Missing(text, `there is no such instance of module.${name}`);
    const all = await called(name);
    if (all instanceof Unresolved) return all;
    const own = addressOf(name, found.instance);
    const one = all.find((candidate) => 'address' in candidate && candidate.address === own);
    const [output, ...inside] = found.rest;
    if (!one || 'reason' in one || output === undefined) return notTold(text);
    return once(text, async () => memberAt(await one.output(String(output), text), inside, text));
  }

  const addressOf = (name: string, { key }: Instance): string => `${address}module.${name}${key}.`;

  const scope: Scope = {
    async reference(path, written) {
      const text = written || pathText(path);
      const [kind = '', name = '', ...rest] = path;
      const asked = given(`${address}${text}`);
      if (asked !== undefined) return asked;
      switch (kind) {
        case 'var':
          return memberAt(await variable(String(name), text), rest, text);
        case 'local': {
          const value = locals[name];
          if (value === undefined) return unknownExpression(text, 'there is no such local value');
          return once(`local.${name}`, async () =>
            memberAt(await evaluateValue(value, scope, parse), rest, text),
          );
        }
        case 'module':
          return ofModule(String(name), rest, text);
        default:
          return resource(String(kind), String(name), rest, text);
      }
    },
  };
  return {
    address,
    files,
    scope,
    called,
    async output(name, text) {
      const body = outputs.get(name);
      if (body === undefined) return new Missing(text, `the module has no output ${name}`);
      return evaluateValue(body.value, scope, parse);
    },
    defaultTags,
  };
}

/** Which provider of the caller one of the module's is: by `providers = { aws = aws.eu }`, else the same. */
function providerOf(providers: unknown, alias: string | undefined): string | undefined {
  const name = alias === undefined ? 'aws' : `aws.${alias}`;
  const given = isMembers(providers) ? providers[name] : undefined;
  if (typeof given !== 'string') return alias;
  return /\.([\w-]+)\}?$/.exec(given)?.[1];
}
