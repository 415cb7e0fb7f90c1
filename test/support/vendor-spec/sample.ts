/**
 * A value that has all that a JSON schema allows: each property of each alternative, lists of several items. Made as it is
 * looked at, since schemas of vendors contain themselves. What a declaration reads of an answer can be tried on it.
 */

/** A dereferenced schema of OpenAPI 2 or 3, of which only these members matter. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly patternProperties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly allOf?: readonly unknown[];
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
}

/** All that the alternatives of some schemas allow together. */
interface Shape {
  readonly properties: Map<string, unknown[]>;
  readonly items: unknown[];
  /** Of properties without a name; of no use beside named ones, since it is the default that anything may be added. */
  readonly others: unknown[];
  /** Types of plain values, and `object` and `array` where nothing else is said of them. */
  readonly types: Set<string>;
}

/** Stands for every text: a member of this name is one that an answer names itself, and may have any name. */
export const anyText = '(any text)';

export function sampleOf(...schemas: readonly unknown[]): unknown {
  const shape: Shape = { properties: new Map(), items: [], others: [], types: new Set() };
  const seen = new Set<unknown>();
  for (const schema of schemas) gather(schema, shape, seen);
  const { properties, items, others, types } = shape;
  if (properties.size > 0) return withProperties(items.length > 0 ? listOf(items) : {}, properties);
  if (items.length > 0) return listOf(items);
  if (others.length > 0) return withAnyName(() => sampleOf(...others));
  if (types.has('array')) return [anything()];
  if (types.has('object')) return withAnyName(anything);
  if (types.size === 0) return anything();
  if (types.has('integer') || types.has('number')) return 1;
  if (types.has('boolean')) return true;
  if (types.has('date-time')) return '2024-05-01T10:00:00Z';
  return types.has('string') ? anyText : null;
}

function gather(schema: unknown, shape: Shape, seen: Set<unknown>): void {
  if (!isSchema(schema) || seen.has(schema)) return;
  seen.add(schema);
  const { type, format, properties, patternProperties, additionalProperties, items } = schema;
  // Slack writes a value's alternatives as a list of items, of what is no array.
  const isAlternatives = Array.isArray(items) && type !== 'array';
  const alternatives = [schema.allOf, schema.anyOf, schema.oneOf, isAlternatives ? items : []];
  for (const one of alternatives.flatMap((some) => some ?? [])) gather(one, shape, seen);
  for (const [name, property] of Object.entries(properties ?? {})) {
    shape.properties.set(name, [...(shape.properties.get(name) ?? []), property]);
  }
  shape.others.push(...Object.values(patternProperties ?? {}));
  if (isSchema(additionalProperties)) shape.others.push(additionalProperties);
  if (items !== undefined && !isAlternatives) shape.items.push(...(Array.isArray(items) ? items : [items]));
  const types = typeof type === 'string' ? [type] : (type ?? []);
  for (const one of types) shape.types.add(format === 'date-time' ? format : one);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}

/** As many as anybody reads by their number: cells of a row, by the names of its columns. */
const itemCount = 10;

function listOf(items: readonly unknown[]): unknown[] {
  const list: unknown[] = [];
  for (let index = 0; index < itemCount; index++) lazily(list, String(index), () => sampleOf(...items));
  return list;
}

function withProperties(on: object, properties: ReadonlyMap<string, readonly unknown[]>): object {
  for (const [name, schemas] of properties) lazily(on, name, () => sampleOf(...schemas));
  return on;
}

function lazily(on: object, name: string, make: () => unknown): void {
  Object.defineProperty(on, name, { enumerable: true, configurable: true, get: make });
}

/** What a schema says nothing about: a list as well as an object, and all below it too. */
function anything(): unknown {
  return withAnyName(anything, [null]);
}

/**
 * Has whatever name it is asked for, but none with dots: those are paths. Listed, there is one, under the name that stands for
 * all.
 */
function withAnyName(make: () => unknown, target: object = {}): object {
  const isMade = (name: string | symbol) =>
    typeof name === 'string' && !name.includes('.') && (name === '0' || !Reflect.has(target, name));
  return new Proxy(target, {
    get: (_, name) => (isMade(name) ? make() : Reflect.get(target, name)),
    ownKeys: () => (Array.isArray(target) ? Reflect.ownKeys(target) : [anyText]),
    getOwnPropertyDescriptor: (_, name) =>
      isMade(name)
        ? { value: make(), enumerable: true, configurable: true, writable: true }
        : Reflect.getOwnPropertyDescriptor(target, name),
  });
}
