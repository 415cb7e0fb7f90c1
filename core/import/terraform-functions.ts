/**
 * Terraform's functions that shape names, lists and maps, as far as flows are made with them. Those of files, clocks and
 * checksums are not among them. https://developer.hashicorp.com/terraform/language/functions
 */

import { canonicalJson } from '../flow/canonical-json.ts';
import { isMembers } from './unresolved.ts';

/** `undefined`: not what the function takes. */
type Work = (...values: readonly unknown[]) => unknown;

type List = readonly unknown[];

/** Terraform turns the texts "true" and "false" into truth values where one is wanted. */
export const isTrue = (value: unknown): boolean => value === true || value === 'true';

const ofText =
  (work: (text: string) => string): Work =>
  (value) =>
    typeof value === 'string' ? work(value) : undefined;

const ofTexts =
  (work: (first: string, second: string, third: string) => unknown): Work =>
  (...values) => {
    const [first = '', second = '', third = ''] = values.map((value) =>
      typeof value === 'number' || typeof value === 'boolean' ? String(value) : value,
    );
    const areTexts = typeof first === 'string' && typeof second === 'string' && typeof third === 'string';
    return areTexts ? work(first, second, third) : undefined;
  };

const ofNumbers =
  (work: (...numbers: number[]) => number): Work =>
  (...values) => {
    const numbers = values.map(Number);
    return numbers.length > 0 && numbers.every(Number.isFinite) ? work(...numbers) : undefined;
  };

const ofLists =
  (work: (...lists: List[]) => unknown): Work =>
  (...values) =>
    values.every((value): value is List => Array.isArray(value)) ? work(...values) : undefined;

const ofMap =
  (work: (map: Readonly<Record<string, unknown>>, names: readonly string[]) => unknown): Work =>
  (map) =>
    isMembers(map) ? work(map, Object.keys(map).sort()) : undefined;

const distinct = (list: List): unknown[] => [...new Set(list)];

/** Terraform's sets are in the order of their members. */
export const asSet = (list: List): unknown[] => distinct(list).sort();

export const terraformFunctions: Readonly<Record<string, Work>> = {
  // texts
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  title: ofText((text) => text.replace(/(^|\s)(\S)/g, (_, before, letter) => before + letter.toUpperCase())),
  trimspace: ofText((text) => text.trim()),
  trimprefix: ofTexts((text, start) => (text.startsWith(start) ? text.slice(start.length) : text)),
  trimsuffix: ofTexts((text, end) => (end && text.endsWith(end) ? text.slice(0, -end.length) : text)),
  startswith: ofTexts((text, start) => text.startsWith(start)),
  endswith: ofTexts((text, end) => text.endsWith(end)),
  // Between slashes stands a pattern, of another language than JavaScript's.
  replace: ofTexts((text, from, to) =>
    /^\/.+\/$/s.test(from) ? undefined : text.replaceAll(from, () => to),
  ),
  substr: (text, offset, length) => {
    if (typeof text !== 'string') return undefined;
    const characters = [...text].slice(Number(offset));
    return (Number(length) < 0 ? characters : characters.slice(0, Number(length))).join('');
  },
  join: (separator, ...lists) =>
    lists.every(Array.isArray) ? lists.flat().map(String).join(String(separator)) : undefined,
  split: ofTexts((separator, text) => text.split(separator)),
  format,
  jsonencode: (value) =>
    canonicalJson(value).replace(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  jsondecode: ofTexts((text) => {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }),

  // numbers and types
  min: ofNumbers(Math.min),
  max: ofNumbers(Math.max),
  abs: ofNumbers(Math.abs),
  ceil: ofNumbers(Math.ceil),
  floor: ofNumbers(Math.floor),
  tostring: (value) => (value === null ? null : String(value)),
  tonumber: (value) => (Number.isFinite(Number(value)) ? Number(value) : undefined),
  tobool: (value) => isTrue(value),
  toset: ofLists((list = []) => asSet(list)),
  tolist: ofLists((list) => list),
  tomap: (map) => (isMembers(map) ? map : undefined),
  sensitive: (value) => value,
  nonsensitive: (value) => value,

  // lists
  distinct: ofLists((list = []) => distinct(list)),
  compact: ofLists((list) => list?.filter((item) => item !== null && item !== '')),
  flatten: ofLists((list) => list?.flat(Number.POSITIVE_INFINITY)),
  concat: ofLists((...lists) => lists.flat()),
  sort: ofLists((list) => list?.map(String).sort()),
  reverse: ofLists((list) => list?.toReversed()),
  setunion: ofLists((...lists) => asSet(lists.flat())),
  setintersection: ofLists((first = [], ...rest) =>
    asSet(first.filter((item) => rest.every((list) => list.includes(item)))),
  ),
  setsubtract: ofLists((first = [], second = []) => asSet(first.filter((item) => !second.includes(item)))),
  contains: (list, item) => (Array.isArray(list) ? list.includes(item) : undefined),
  element: (list, index) =>
    Array.isArray(list) && list.length > 0 ? list[Number(index) % list.length] : undefined,
  slice: (list, start, end) => (Array.isArray(list) ? list.slice(Number(start), Number(end)) : undefined),
  one: ofLists((list = []) => (list.length > 1 ? undefined : (list[0] ?? null))),
  range: (...bounds) => {
    const [start, end] = bounds.length === 1 ? [0, Number(bounds[0])] : bounds.map(Number);
    if (bounds.length > 2 || start === undefined || end === undefined || end < start) return undefined;
    return Array.from({ length: end - start }, (_, i) => start + i);
  },
  alltrue: ofLists((list) => list?.every(isTrue)),
  anytrue: ofLists((list) => list?.some(isTrue)),
  length: (value) => {
    if (typeof value === 'string') return [...value].length;
    return Array.isArray(value) ? value.length : isMembers(value) ? Object.keys(value).length : undefined;
  },

  // maps
  merge: (...maps) => {
    const known = maps.filter((map) => map !== null);
    return known.every(isMembers) ? Object.assign({}, ...known) : undefined;
  },
  keys: ofMap((_, names) => names),
  values: ofMap((map, names) => names.map((name) => map[name])),
  zipmap: ofLists((names = [], values = []) =>
    Object.fromEntries(names.map((name, i) => [String(name), values[i] ?? null])),
  ),
  lookup: (map, key, fallback) =>
    isMembers(map) ? (Object.hasOwn(map, String(key)) ? map[String(key)] : fallback) : undefined,
  coalesce: (...values) => values.find((value) => value !== null && value !== ''),
  coalescelist: ofLists((...lists) => lists.find((list) => list.length > 0)),
};

/** The verbs that texts are made with: `%s`, `%d`, `%v`, `%q`, and a width of digits, `%03d`. */
function format(...[template, ...values]: readonly unknown[]): string | undefined {
  if (typeof template !== 'string') return undefined;
  let next = 0;
  let isPlain = true;
  const text = template.replace(/%(?:%|(0\d+)?(.))/gs, (all, width: string | undefined, verb: string) => {
    if (all === '%%') return '%';
    const value = values[next++];
    const isValue = ['string', 'number', 'boolean'].includes(typeof value);
    if (!isValue || !'sdvq'.includes(verb) || (width !== undefined && verb !== 'd')) isPlain = false;
    if (verb === 'q') return JSON.stringify(String(value));
    return width === undefined ? String(value) : String(value).padStart(Number(width), '0');
  });
  return isPlain && next === values.length ? text : undefined;
}
