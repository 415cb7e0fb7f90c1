/**
 * From a file's text to a checked flow. Everything that is wrong is said at once, each with its place; texts only, the
 * caller reads the files.
 */

import { type CollectionTag, LineCounter, parseDocument as parseYaml, type ScalarTag } from 'yaml';
import type * as z from 'zod';
import { type ErrorCode, TributaryError } from '../errors.ts';
import { type FlowDefinition, flowSchema } from './definition.ts';
import { didYouMean, type Finding, type Path, pathText, throwAny } from './finding.ts';
import { applyMappingFile } from './mapping-file.ts';
import { ruleFindings } from './rules.ts';

export interface TextFile {
  readonly text: string;
  readonly fileName: string;
}

/**
 * Reads a flow from JSON or YAML: a CreateFlow document, or what `aws appflow describe-flow` prints (its read-only
 * members are left out; a flow that is not active there is Suspended here). A `mapping` file (see `mapping-file.ts`)
 * is merged into the tasks before the rules are applied.
 *
 * @throws TributaryErrors FlowInvalid, with everything that is wrong; TributaryError FlowInvalid for a text that is no
 * JSON or YAML.
 */
export function readFlow(text: string, fileName: string, mapping?: TextFile): FlowDefinition {
  return checkFlow(parseDocument(text, fileName, 'FlowInvalid'), fileName, mapping);
}

/** The same for a document that is no text any more, e.g. of `defineFlow`. */
export function checkFlow(document: unknown, fileName: string, mapping?: TextFile): FlowDefinition {
  const input = withoutReadOnlyMembers(document);
  const findings = shapeFindings(flowSchema, input);
  // The rules also judge the sound parts of a flow whose other parts are broken: one look shows all that is wrong.
  const parts = soundParts(input);
  const flow = mapping ? applyMappingFile(parts, mapping.text, mapping.fileName) : parts;
  throwAny('FlowInvalid', [...findings, ...ruleFindings(flow)], fileName);
  return flow as FlowDefinition;
}

/** What DescribeFlow adds to a definition, `clientToken` of CreateFlow, and the SDKs' envelope. */
const readOnlyMembers = [
  'clientToken',
  'flowArn',
  'flowStatus',
  'flowStatusMessage',
  'lastRunExecutionDetails',
  'createdAt',
  'lastUpdatedAt',
  'createdBy',
  'lastUpdatedBy',
  'lastRunMetadataCatalogDetails',
  'schemaVersion',
  'ResponseMetadata',
  '$metadata',
];

function withoutReadOnlyMembers(document: unknown): unknown {
  if (!isRecord(document)) return document;
  const flow = Object.fromEntries(Object.entries(document).filter(([key]) => !readOnlyMembers.includes(key)));
  const { flowStatus, triggerConfig, tributary = {} } = document;
  // A flow that somebody stopped must not begin to run because it was moved here.
  const sleeps = typeof flowStatus === 'string' && flowStatus !== 'Active';
  const isOnDemand = isRecord(triggerConfig) && triggerConfig.triggerType === 'OnDemand';
  if (!sleeps || isOnDemand || !isRecord(tributary)) return flow;
  return { ...flow, tributary: { flowStatus: 'Suspended', ...tributary } };
}

function soundParts(input: unknown): Partial<FlowDefinition> {
  if (!isRecord(input)) return {};
  return Object.fromEntries(
    Object.entries(flowSchema.shape).flatMap(([key, schema]) => {
      const result = schema.safeParse(input[key]);
      return result.success && result.data !== undefined ? [[key, result.data]] : [];
    }),
  );
}

// ---- text ----

/** What a tag such as CloudFormation's `!Sub` stands for. */
export type CustomTag = ScalarTag | CollectionTag;

/**
 * JSON (by the extension .json, or by a leading brace) or YAML 1.2 of the core schema: dates stay text.
 *
 * @param customTags tags that the document may have; default none
 * @throws TributaryError of the code given, with file, line and column.
 */
export function parseDocument(
  text: string,
  fileName: string,
  code: ErrorCode,
  customTags: readonly CustomTag[] = [],
): unknown {
  if (text.trim() === '') throw new TributaryError(code, 'the file is empty', { at: fileName });
  const isJson = /\.json$/i.test(fileName) || (!/\.ya?ml$/i.test(fileName) && /^\s*\{/.test(text));
  const lineCounter = new LineCounter();
  // The YAML parser reads JSON too, and says where a mistake is and which key is there twice; JSON.parse does neither.
  const document = parseYaml(text, {
    schema: isJson ? 'json' : 'core',
    lineCounter,
    customTags: [...customTags],
  });
  // A warning is a tag or directive that would be ignored, such as CloudFormation's !Sub.
  const [error] = [...document.errors, ...document.warnings];
  if (error) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const message = error.code === 'MULTIPLE_DOCS' ? 'more than one document' : error.message;
    throw notReadable(code, isJson, `${fileName}:${line}:${col}`, message);
  }
  if (isJson) refuseLooseJson(text, fileName, code);
  try {
    return document.toJS();
  } catch (error) {
    // Too many aliases: a small text that would grow without bounds.
    throw notReadable(code, isJson, fileName, error instanceof Error ? error.message : String(error));
  }
}

/** Comments, trailing commas and bare words are YAML, but no JSON that another tool would read. */
function refuseLooseJson(text: string, fileName: string, code: ErrorCode): void {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const position = /at position (\d+)/.exec(message)?.[1];
    const before = text.slice(0, Number(position)).split('\n');
    const place = position ? `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}` : '';
    throw notReadable(code, true, `${fileName}${place}`, message);
  }
}

function notReadable(code: ErrorCode, isJson: boolean, at: string, message: string): TributaryError {
  // The parsers' messages quote the text; where a connection is read, that may be a secret.
  const reason =
    code === 'ConnectionInvalid' ? '' : `: ${message.split(/ at (?:line|position) | in JSON|\n/)[0]}`;
  return new TributaryError(code, `not valid ${isJson ? 'JSON' : 'YAML'}${reason}`, { at });
}

// ---- shape ----

/** What zod finds wrong with a document, in our words. */
export function shapeFindings(schema: z.ZodType, document: unknown): Finding[] {
  const result = schema.safeParse(document);
  return result.success ? [] : result.error.issues.flatMap((issue) => findingsOf(issue, schema, document));
}

function findingsOf(issue: z.core.$ZodIssue, schema: z.ZodType, document: unknown): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const at = pathText(path);
  const got = valueAt(document, path);
  if (issue.code === 'unrecognized_keys') {
    const known = memberNames(schema, path);
    return issue.keys.map((key) => {
      const parent = known.find((member) => memberNames(schema, [...path, member]).includes(key));
      const fix = didYouMean(key, known) ?? (parent ? `move it into '${parent}'` : 'remove it');
      return { at: pathText([...path, key]), problem: 'unknown member', expected: oneOf(known, fix), fix };
    });
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues.map((inner) => expectation(inner)).join(', ');
    return [{ at, problem: 'this key is not allowed', expected }];
  }
  if (got === undefined) return [{ at, problem: 'missing', expected: expectation(issue), fix: 'add it' }];
  const fix = fixOf(issue, got);
  return [{ at, problem: problemOf(issue), got, expected: expectation(issue, fix), fix }];
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small' || issue.code === 'too_big') return 'out of bounds';
  return issue.code === 'invalid_type' ? 'wrong type' : 'not allowed here';
}

function expectation(issue: z.core.$ZodIssue, fix?: string): string | undefined {
  switch (issue.code) {
    case 'invalid_value':
      return oneOf(issue.values.map(String), fix);
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected;
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function unitOf(origin: string): string {
  return origin === 'string' ? ' characters' : '';
}

function fixOf(issue: z.core.$ZodIssue, got: unknown): string | undefined {
  if (issue.code === 'invalid_value') return didYouMean(String(got), issue.values.map(String));
  const isScalar = typeof got === 'number' || typeof got === 'boolean';
  if (issue.code === 'invalid_type' && issue.expected === 'string' && isScalar) return 'write it in quotes';
  if (got === null) return 'leave the member out';
  return undefined;
}

/** A suggestion says more than a long list. */
function oneOf(values: readonly string[], fix?: string): string | undefined {
  const tooLong = values.length > 12 && fix?.startsWith('did you mean');
  return values.length === 0 || tooLong ? undefined : `one of ${values.join(', ')}`;
}

function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return value[Number(part)];
    return isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }, document);
}

/** The names of the members that a schema knows at a path. */
function memberNames(schema: z.core.$ZodType, path: Path): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const [step, ...rest] = path;
  switch (def.type) {
    case 'optional':
      return memberNames(def.innerType, path);
    case 'object': {
      const member = step === undefined ? undefined : def.shape[step];
      return step === undefined ? Object.keys(def.shape) : member ? memberNames(member, rest) : [];
    }
    case 'array':
      return memberNames(def.element, rest);
    case 'record':
      return step === undefined
        ? [...(def.keyType._zod.values ?? [])].map(String)
        : memberNames(def.valueType, rest);
    default:
      return [];
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
