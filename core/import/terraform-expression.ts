/**
 * Terraform's expressions, as far as a configuration alone tells their value. What is not known, and every function that
 * is not listed here, becomes an `Unresolved`: a plan or a state tells it.
 * https://developer.hashicorp.com/terraform/language/expressions
 */

import { isMembers, Unresolved, unresolvedIn } from './unresolved.ts';

/** A node of a parsed expression, as `@cdktn/hcl2json` gives it. */
export interface ExpressionNode {
  /** Empty for parentheses and the keys of objects. */
  readonly type: string;
  readonly meta?: Readonly<Record<string, unknown>> | null;
  readonly children: readonly ExpressionNode[];
}

export type ParseExpression = (text: string) => Promise<ExpressionNode | null>;

export interface Scope {
  /** The value of a name and what follows it: `['var', 'region']`, `['aws_s3_bucket', 'lake', 'id']`. */
  reference(path: readonly (string | number)[], text: string): Promise<unknown>;
}

const wayOut = 'import the output of `terraform show -json` instead, which has all values';

export function unknownExpression(text: string, why: string): Unresolved {
  return new Unresolved(text, `${why}; ${wayOut}`);
}

/** A value of a parsed configuration: text may hold `${…}`, lists and objects hold more of it. */
export async function evaluateValue(value: unknown, scope: Scope, parse: ParseExpression): Promise<unknown> {
  if (typeof value === 'string') return evaluateTemplate(value, scope, parse);
  if (Array.isArray(value)) return inOrder(value, (item) => evaluateValue(item, scope, parse));
  if (!isMembers(value)) return value;
  const entries = await inOrder(Object.entries(value), async ([key, member]) => [
    String(await evaluateTemplate(key, scope, parse)),
    await evaluateValue(member, scope, parse),
  ]);
  return Object.fromEntries(entries);
}

/** One after the other: the parser is one machine. */
async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

async function evaluateTemplate(text: string, scope: Scope, parse: ParseExpression): Promise<unknown> {
  if (/(?:^|[^%])%\{/.test(text)) return unknownExpression(text, 'template directives are not read');
  const parts = templateParts(text);
  const [only] = parts;
  if (parts.length === 1 && only && 'expression' in only) return evaluateText(only.expression, scope, parse);
  let made = '';
  for (const part of parts) {
    const value = 'text' in part ? part.text : await evaluateText(part.expression, scope, parse);
    if (value instanceof Unresolved) return value;
    if (typeof value === 'object') return unknownExpression(text, 'a text cannot hold a list or a map');
    made += String(value);
  }
  return made;
}

type TemplatePart = { readonly text: string } | { readonly expression: string };

/** `a-${var.x}` → text `a-`, expression `var.x`. `$${` and `%%{` are escapes. */
function templateParts(template: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = '';
  for (let i = 0; i < template.length; ) {
    if (/^(?:\$\$|%%)\{/.test(template.slice(i, i + 3))) {
      text += template.slice(i + 1, i + 3);
      i += 3;
    } else if (template.startsWith('${', i)) {
      const end = endOfExpression(template, i + 2);
      if (text !== '') parts.push({ text });
      text = '';
      parts.push({ expression: template.slice(i + 2, end) });
      i = end + 1;
    } else {
      text += template[i];
      i += 1;
    }
  }
  return text !== '' || parts.length === 0 ? [...parts, { text }] : parts;
}

/** Where the brace is that closes an expression; braces in its texts do not count. */
function endOfExpression(template: string, start: number): number {
  let depth = 0;
  for (let i = start; i < template.length; i++) {
    const character = template[i];
    if (character === '"') i = endOfText(template, i + 1);
    else if (character === '{') depth += 1;
    else if (character === '}') {
      if (depth === 0) return i;
      depth -= 1;
    }
  }
  return template.length;
}

function endOfText(template: string, start: number): number {
  for (let i = start; i < template.length; i++) {
    if (template[i] === '\\') i += 1;
    else if (template[i] === '"') return i;
    else if (template.startsWith('${', i) && template[i - 1] !== '$') i = endOfExpression(template, i + 2);
  }
  return template.length;
}

async function evaluateText(text: string, scope: Scope, parse: ParseExpression): Promise<unknown> {
  const node = await parse(text);
  return node ? evaluate(node, scope, parse) : unknownExpression(text, 'it is no expression');
}

const metaText = (node: ExpressionNode, name: string): string => String(node.meta?.[name] ?? '');

async function evaluate(node: ExpressionNode, scope: Scope, parse: ParseExpression): Promise<unknown> {
  const text = metaText(node, 'value');
  const children = () => inOrder(node.children, (child) => evaluate(child, scope, parse));
  const unknown = (why: string) => unknownExpression(text, why);
  switch (node.type) {
    case '':
    case 'templateWrap':
      return (await children())[0];
    case 'literalValue':
      return literal(node);
    case 'template':
      return withKnown(await children(), (parts) =>
        parts.some((part) => typeof part === 'object')
          ? unknown('a text cannot hold a list or a map')
          : parts.map(String).join(''),
      );
    case 'tuple':
      return children();
    case 'object': {
      const items = node.meta?.items;
      const entries = await inOrder(Object.entries(isMembers(items) ? items : {}), async ([key, value]) => [
        /^[\w-]+$/.test(key) ? key : await evaluateText(key, scope, parse),
        await evaluateText(String(value), scope, parse),
      ]);
      return Object.fromEntries(entries);
    }
    case 'scopeTraversal':
      return scope.reference(segments(node), text);
    case 'relativeTraversal': {
      const [source] = await children();
      return source instanceof Unresolved ? source : memberAt(source, segments(node), text);
    }
    case 'index': {
      const [collection, key] = await children();
      if (collection instanceof Unresolved) return collection;
      if (key instanceof Unresolved) return key;
      return memberAt(collection, [typeof key === 'number' ? key : String(key)], text);
    }
    case 'conditional': {
      const [condition, yes, no] = node.children;
      const holds = condition && (await evaluate(condition, scope, parse));
      if (holds instanceof Unresolved) return holds;
      const chosen = isTrue(holds) ? yes : no;
      return chosen ? evaluate(chosen, scope, parse) : unknown('it is incomplete');
    }
    case 'binaryOp':
      return withKnown(
        await children(),
        ([a, b]) => binary(metaText(node, 'operator'), a, b) ?? unknown('this operator is not known'),
      );
    case 'unaryOp':
      return withKnown(await children(), ([a]) =>
        metaText(node, 'operator') === 'negate' ? -Number(a) : !isTrue(a),
      );
    case 'function': {
      const values = await children();
      if (node.meta?.expandedFinalArgument === true) {
        const last = values.pop();
        if (!Array.isArray(last))
          return last instanceof Unresolved ? last : unknown('its last argument is no list');
        values.push(...last);
      }
      const work = functions[metaText(node, 'name')];
      return work
        ? withKnown(values, (known) => work(...known) ?? unknown('its arguments are not what it takes'))
        : unknown(`the function ${metaText(node, 'name')} is not evaluated`);
    }
    case 'for':
      return evaluateFor(node, scope, parse);
    default:
      return unknown('such expressions are not evaluated');
  }
}

function literal(node: ExpressionNode): unknown {
  const text = metaText(node, 'value');
  switch (node.meta?.type) {
    case 'number':
      return Number(text);
    case 'bool':
      return text === 'true';
    case 'string':
      return unescaped(text);
    default:
      return null;
  }
}

/** The text of a literal as it is written, e.g. `a\"b`. */
function unescaped(text: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
  return text
    .replace(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g, (all, short, long, character) =>
      short || long ? String.fromCodePoint(Number.parseInt(short ?? long, 16)) : (escapes[character] ?? all),
    )
    .replace(/(\$|%)\1\{/g, '$1{');
}

/** `a.b["c"][0]` → a, b, c, 0. */
function segments(node: ExpressionNode): (string | number)[] {
  const traversal = Array.isArray(node.meta?.traversal) ? node.meta.traversal : [];
  return traversal.map((part: unknown) => {
    const segment = isMembers(part) ? String(part.segment) : '';
    if (/^\d+$/.test(segment)) return Number(segment);
    return segment.startsWith('"') ? unescaped(segment.slice(1, -1)) : segment;
  });
}

export function memberAt(value: unknown, path: readonly (string | number)[], text: string): unknown {
  let at = value;
  for (const name of path) {
    if (at instanceof Unresolved) return at;
    const inside: unknown = Array.isArray(at) ? at[Number(name)] : isMembers(at) ? at[name] : undefined;
    if (inside === undefined) return unknownExpression(text, `there is no ${name}`);
    at = inside;
  }
  return at;
}

async function evaluateFor(node: ExpressionNode, scope: Scope, parse: ParseExpression): Promise<unknown> {
  const collection = await evaluateText(metaText(node, 'collectionExpression'), scope, parse);
  if (collection instanceof Unresolved) return collection;
  const entries = entriesOf(collection);
  if (!entries) return unknownExpression(metaText(node, 'value'), 'it does not go over a list or a map');
  const keyText = node.meta?.keyExpression;
  const condition = node.meta?.conditionalExpression;
  const made: [unknown, unknown][] = [];
  for (const [key, value] of entries) {
    const names = { [metaText(node, 'keyVar')]: key, [metaText(node, 'valVar')]: value };
    const inner = withNames(names, scope);
    const kept = typeof condition !== 'string' || (await evaluateText(condition, inner, parse));
    if (kept instanceof Unresolved) return kept;
    if (!isTrue(kept)) continue;
    made.push([
      typeof keyText === 'string' ? await evaluateText(keyText, inner, parse) : key,
      await evaluateText(metaText(node, 'valueExpression'), inner, parse),
    ]);
  }
  if (typeof keyText !== 'string') return made.map(([, value]) => value);
  if (node.meta?.groupedValue === true) {
    return unknownExpression(metaText(node, 'value'), 'grouping is not evaluated');
  }
  return Object.fromEntries(made);
}

/** What `for_each` and `for` go over, as keys and values; a set's keys are its values. */
export function entriesOf(collection: unknown): [string | number, unknown][] | undefined {
  if (Array.isArray(collection)) return collection.map((value, i) => [i, value]);
  return isMembers(collection) ? Object.entries(collection) : undefined;
}

/** @param names values of names that hide those of the scope */
export function withNames(names: Readonly<Record<string, unknown>>, scope: Scope): Scope {
  return {
    reference: async (path, text) => {
      const [first, ...rest] = path;
      return first !== undefined && first !== '' && Object.hasOwn(names, first)
        ? memberAt(names[first], rest, text)
        : scope.reference(path, text);
    },
  };
}

/** Terraform turns the texts "true" and "false" into truth values where one is wanted. */
const isTrue = (value: unknown): boolean => value === true || value === 'true';

function withKnown(values: readonly unknown[], work: (known: readonly unknown[]) => unknown): unknown {
  return unresolvedIn(values)[0]?.value ?? work(values);
}

function binary(operator: string, a: unknown, b: unknown): unknown {
  const same = JSON.stringify(a) === JSON.stringify(b);
  switch (operator) {
    case 'equal':
      return same;
    case 'notEqual':
      return !same;
    case 'logicalAnd':
      return isTrue(a) && isTrue(b);
    case 'logicalOr':
      return isTrue(a) || isTrue(b);
    case 'add':
      return Number(a) + Number(b);
    case 'subtract':
      return Number(a) - Number(b);
    case 'multiply':
      return Number(a) * Number(b);
    default:
      return undefined;
  }
}

type Work = (...values: readonly unknown[]) => unknown;

const ofText =
  (work: (text: string) => string): Work =>
  (value) =>
    typeof value === 'string' ? work(value) : undefined;
const ofLists =
  (work: (...lists: (readonly unknown[])[]) => unknown): Work =>
  (...values) =>
    values.every((value): value is readonly unknown[] => Array.isArray(value)) ? work(...values) : undefined;
const distinct = (list: readonly unknown[]): unknown[] => [...new Set(list)];

/**
 * Terraform's functions that shape names and lists; undefined: not what the function takes.
 * https://developer.hashicorp.com/terraform/language/functions
 */
const functions: Readonly<Record<string, Work>> = {
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  trimspace: ofText((text) => text.trim()),
  tostring: (value) => (value === null ? null : String(value)),
  tonumber: (value) => (Number.isFinite(Number(value)) ? Number(value) : undefined),
  tobool: (value) => isTrue(value),
  // Terraform's sets and maps are in the order of their members.
  toset: ofLists((list) => distinct(list ?? []).sort()),
  tolist: ofLists((list) => list),
  tomap: (map) => (isMembers(map) ? map : undefined),
  distinct: ofLists((list) => distinct(list ?? [])),
  compact: ofLists((list) => list?.filter((item) => item !== null && item !== '')),
  flatten: ofLists((list) => list?.flat(Number.POSITIVE_INFINITY)),
  concat: ofLists((...lists) => lists.flat()),
  sort: ofLists((list) => list?.map(String).sort()),
  merge: (...maps) => (maps.every(isMembers) ? Object.assign({}, ...maps) : undefined),
  keys: (map) => (isMembers(map) ? Object.keys(map).sort() : undefined),
  values: (map) =>
    isMembers(map)
      ? Object.keys(map)
          .sort()
          .map((key) => map[key])
      : undefined,
  length: (value) =>
    typeof value === 'string' ? [...value].length : (entriesOf(value)?.length ?? undefined),
  lookup: (map, key, fallback) =>
    isMembers(map) ? (Object.hasOwn(map, String(key)) ? map[String(key)] : fallback) : undefined,
  contains: (list, item) => (Array.isArray(list) ? list.includes(item) : undefined),
  coalesce: (...values) => values.find((value) => value !== null && value !== ''),
  join: (separator, list) => (Array.isArray(list) ? list.map(String).join(String(separator)) : undefined),
  split: (separator, text) => (typeof text === 'string' ? text.split(String(separator)) : undefined),
  jsonencode: (value) => JSON.stringify(value),
};
