/**
 * Other spellings of the API's documents: CloudFormation's (PascalCase, lists of keys and values) and Terraform's
 * (snake_case, blocks as lists). What a member is called is looked up in the schema, whatever the case it is written in:
 * published templates mix several.
 */

import type * as z from 'zod';
import { isMembers, Unresolved } from './unresolved.ts';

/** Names that differ in more than their case. */
const aliases: Readonly<Record<string, string>> = {
  failonfirsterror: 'failOnFirstDestinationError',
  prefixhierarchy: 'pathPrefixHierarchy',
  writeoperation: 'writeOperationType',
  destinationflowconfig: 'destinationFlowConfigList',
  task: 'tasks',
};

export interface Spelling {
  /** Whether null, empty text and zero stand for a member that is not there, as in Terraform's state. */
  readonly emptyIsAbsent: boolean;
}

/**
 * The document in the API's names. What the schema does not know keeps its name, so that the check that follows
 * refuses it by name; numbers and truth values written as text, and the other way round, become what the schema wants.
 */
export function respell(value: unknown, schema: z.core.$ZodType, spelling: Spelling): unknown {
  if (value instanceof Unresolved) return value;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
      return respell(value, def.innerType, spelling);
    case 'pipe':
      return respell(value, def.in, spelling);
    case 'object':
      return ofBlock(value, (members) => respellObject(members, def.shape, spelling));
    case 'record': {
      const known = [...(def.keyType._zod.values ?? [])].map(String);
      const rename = (key: string) => known.find((name) => plain(name) === plain(key)) ?? key;
      return ofBlock(asMap(value), (members) =>
        fromEntries(
          present(members, spelling).map(([key, item]) => [
            rename(key),
            respell(item, def.valueType, spelling),
          ]),
        ),
      );
    }
    case 'array':
      if (value === null || value === undefined) return [];
      return Array.isArray(value) ? value.map((item) => respell(item, def.element, spelling)) : value;
    case 'string':
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    case 'number':
    case 'union':
      return typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
    case 'boolean':
      return value === 'true' || value === 'false' ? value === 'true' : value;
    default:
      return value;
  }
}

function respellObject(
  members: Readonly<Record<string, unknown>>,
  shape: Readonly<Record<string, z.core.$ZodType>>,
  spelling: Spelling,
): unknown {
  return fromEntries(
    present(members, spelling).map(([key, value]) => {
      const name = memberName(key, Object.keys(shape));
      const schema = name === undefined ? undefined : shape[name];
      return schema === undefined ? [key, value] : [name ?? key, respell(value, schema, spelling)];
    }),
  );
}

function memberName(key: string, known: readonly string[]): string | undefined {
  const alias = aliases[plain(key)];
  return known.find((name) => plain(name) === plain(key)) ?? known.find((name) => name === alias);
}

/** `source_flow_config`, `SourceFlowConfig` and `sourceFlowConfig` are one name. */
const plain = (name: string): string => name.replaceAll('_', '').toLowerCase();

function present(members: Readonly<Record<string, unknown>>, { emptyIsAbsent }: Spelling) {
  const absent = (value: unknown) => value === null || value === '' || value === 0 || isEmptyList(value);
  return Object.entries(members).filter(([key, value]) => {
    if (value === undefined) return false;
    // An empty list of fields is what the API wants to see.
    return !emptyIsAbsent || plain(key) === 'sourcefields' || !absent(value);
  });
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** Terraform's nested blocks are lists of one. */
function ofBlock(value: unknown, work: (members: Readonly<Record<string, unknown>>) => unknown): unknown {
  if (Array.isArray(value) && value.length === 1) return ofBlock(value[0] ?? {}, work);
  return isMembers(value) ? work(value) : value;
}

/** CloudFormation writes maps as lists of `{ Key, Value }`. */
function asMap(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const pairs = value.map((item) => {
    if (!isMembers(item)) return undefined;
    const pair = Object.fromEntries(Object.entries(item).map(([name, member]) => [plain(name), member]));
    const isPair = typeof pair.key === 'string' && 'value' in pair && Object.keys(pair).length === 2;
    return isPair ? ([String(pair.key), pair.value] as const) : undefined;
  });
  return pairs.every((pair) => pair !== undefined) && pairs.length > 0
    ? fromEntries(pairs)
    : isEmptyList(value)
      ? {}
      : value;
}

/** Also for keys such as `__proto__`. */
const fromEntries = (entries: readonly (readonly [string, unknown])[]) => Object.fromEntries(entries);
