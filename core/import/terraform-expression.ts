/**
 * Terraform's expressions, as far as a configuration alone tells their value. What is not known, and every function that
 * is not listed here, becomes an `Unresolved`: a plan or a state tells it.
 * https://developer.hashicorp.com/terraform/language/expressions
 */

import { isTrue, terraformFunctions } from './terraform-functions.ts';
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

/** There is nothing of that name in a value that is known: what `try` and `can` get over. */
export class Missing extends Unresolved {}

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

export async function evaluate(node: ExpressionNode, scope: Scope, parse: ParseExpression): Promise<unknown> {
  const text = metaText(node, 'value');
  const children = () => inOrder(node.children, (child) => evaluate(child, scope, parse));
  const unknown = (why: string) => unknownExpression(text, why);
  switch (node.type) {
    case '':
    case 'templateWrap':
      // Without anything inside: the item of a splat.
      return node.children.length === 0 ? scope.reference([splatItem], text) : (await children())[0];
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
    case 'relativeTraversal':
    case 'index':
      return evaluatePath(node, [], scope, parse);
    case 'splat': {
      const [source, each] = node.children;
      const list = source && (await evaluate(source, scope, parse));
      if (!each || list instanceof Unresolved) return list;
      const items: readonly unknown[] = Array.isArray(list) ? list : list === null ? [] : [list];
      return inOrder(items, (item) => evaluate(each, withNames({ [splatItem]: item }, scope), parse));
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
    case 'function':
      return evaluateFunction(node, scope, parse);
    case 'for':
      return evaluateFor(node, scope, parse);
    default:
      return unknown('such expressions are not evaluated');
  }
}

/** The name of a splat's item, which no configuration can use. */
const splatItem = '[*]';

/** `a.b[each.key].c`, whose names are known only when its keys are: one path, so that the scope sees the whole of it. */
async function evaluatePath(
  node: ExpressionNode,
  rest: readonly (string | number)[],
  scope: Scope,
  parse: ParseExpression,
): Promise<unknown> {
  const [source, keyNode] = node.children;
  if (node.type === 'relativeTraversal' && source) {
    return evaluatePath(source, [...segments(node), ...rest], scope, parse);
  }
  if (node.type === 'index' && source && keyNode) {
    const key = await evaluate(keyNode, scope, parse);
    if (key instanceof Unresolved) return key;
    return evaluatePath(source, [typeof key === 'number' ? key : String(key), ...rest], scope, parse);
  }
  if (node.type === 'scopeTraversal') {
    const path = [...segments(node), ...rest];
    return scope.reference(path, rest.length === 0 ? metaText(node, 'value') : pathText(path));
  }
  return memberAt(await evaluate(node, scope, parse), rest, metaText(node, 'value'));
}

async function evaluateFunction(
  node: ExpressionNode,
  scope: Scope,
  parse: ParseExpression,
): Promise<unknown> {
  const unknown = (why: string) => unknownExpression(metaText(node, 'value'), why);
  const name = metaText(node, 'name');
  if (name === 'try' || name === 'can') {
    for (const child of node.children) {
      const value = await evaluate(child, scope, parse);
      const isThere = !(value instanceof Missing);
      if (name === 'can') return value instanceof Unresolved && isThere ? value : isThere;
      if (isThere) return value;
    }
    return unknown('none of its arguments is there');
  }
  const values = await inOrder(node.children, (child) => evaluate(child, scope, parse));
  if (node.meta?.expandedFinalArgument === true) {
    const last = values.pop();
    if (!Array.isArray(last)) {
      return last instanceof Unresolved ? last : unknown('its last argument is no list');
    }
    values.push(...last);
  }
  const work = Object.hasOwn(terraformFunctions, name) ? terraformFunctions[name] : undefined;
  if (!work) return unknown(`the function ${name} is not evaluated`);
  return withKnown(values, (known) => {
    const value = work(...known);
    return value === undefined ? unknown('its arguments are not what it takes') : value;
  });
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
    const inside: unknown = Array.isArray(at)
      ? at[Number(name)]
      : isMembers(at) && Object.hasOwn(at, name)
        ? at[name]
        : undefined;
    if (inside === undefined) return new Missing(text, `there is no ${name}; ${wayOut}`);
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
  const unknownKey = made.find(([key]) => key instanceof Unresolved);
  if (unknownKey) return unknownKey[0];
  if (node.meta?.groupedValue !== true) return Object.fromEntries(made);
  return Object.fromEntries(
    made.map(([name]) => [name, made.flatMap(([key, value]) => (key === name ? [value] : []))]),
  );
}

/** What `for_each` and `for` go over, as keys and values: of a map in the order of its keys. */
export function entriesOf(collection: unknown): [string | number, unknown][] | undefined {
  if (Array.isArray(collection)) return collection.map((value, i) => [i, value]);
  if (!isMembers(collection)) return undefined;
  return Object.keys(collection)
    .sort()
    .map((key) => [key, collection[key]]);
}

/** `a.b["c"][0]`, as Terraform writes it. */
export function pathText(path: readonly (string | number)[]): string {
  return path
    .map((part, i) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[a-zA-Z_][\w-]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return i === 0 ? part : `.${part}`;
    })
    .join('');
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
    case 'divide':
      return Number(a) / Number(b);
    case 'modulo':
      return Number(a) % Number(b);
    case 'greaterThan':
      return Number(a) > Number(b);
    case 'greaterThanOrEqual':
      return Number(a) >= Number(b);
    case 'lessThan':
      return Number(a) < Number(b);
    case 'lessThanOrEqual':
      return Number(a) <= Number(b);
    default:
      return undefined;
  }
}
