/** What distinguishes two definitions of a flow, in words, and what comes of it when one takes the other's place. */

import { canonicalFlow } from './canonical.ts';
import { canonicalJson } from './canonical-json.ts';
import type { FlowDefinition } from './definition.ts';
import { type FlowEffects, flowEffects } from './diff-effects.ts';
import { type Path, pathText } from './finding.ts';
import { operatorOf, type Task } from './task.ts';
import { fieldList } from './task-rules.ts';

export interface FlowDiff {
  /** One sentence a change; empty for two spellings of the same flow. */
  readonly changes: readonly string[];
  /** What comes of it if `after` is deployed in place of `before`. */
  readonly effects: FlowEffects;
}

export function diffFlows(before: FlowDefinition, after: FlowDefinition): FlowDiff {
  const [a, b] = [canonicalFlow(before), canonicalFlow(after)];
  return {
    changes: [
      ...memberChanges({ ...a, tasks: [] }, { ...b, tasks: [] }, []),
      ...taskChanges(a.tasks, b.tasks),
    ],
    effects: flowEffects(a, b),
  };
}

// ---- members ----

function memberChanges(a: unknown, b: unknown, path: Path): string[] {
  if (isObject(a) && isObject(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return names.flatMap((name) => memberChanges(a[name], b[name], [...path, name]));
  }
  if (Array.isArray(a) && Array.isArray(b) && [...a, ...b].every(isObject)) {
    const length = Math.max(a.length, b.length);
    return Array.from({ length }, (_, i) => memberChanges(a[i], b[i], [...path, i])).flat();
  }
  if (canonicalJson(a ?? null) === canonicalJson(b ?? null)) return [];
  const at = pathText(path);
  if (a === undefined) return [`${at}: now ${shown(b)}, was left out`];
  if (b === undefined) return [`${at}: now left out, was ${shown(a)}`];
  return [`${at}: now ${shown(b)}, was ${shown(a)}`];
}

const shown = (value: unknown): string => JSON.stringify(value);

// ---- tasks ----

function taskChanges(a: readonly Task[], b: readonly Task[]): string[] {
  return [...projectionChanges(a, b), ...mapChanges(a, b), ...otherTaskChanges(a, b)];
}

const isProjection = (task: Task): boolean => operatorOf(task) === 'PROJECTION';

function projectionChanges(a: readonly Task[], b: readonly Task[]): string[] {
  const fieldsOf = (tasks: readonly Task[]) =>
    new Set(tasks.filter(isProjection).flatMap((task) => task.sourceFields));
  const [old, now] = [fieldsOf(a), fieldsOf(b)];
  const more = [...now].filter((field) => !old.has(field));
  const less = [...old].filter((field) => !now.has(field));
  return [
    ...(more.length > 0 ? [`reads ${more.join(', ')} too`] : []),
    ...(less.length > 0 ? [`no longer reads ${less.join(', ')}`] : []),
  ];
}

/** A Map is known by the field it makes. */
function mapChanges(a: readonly Task[], b: readonly Task[]): string[] {
  const mapsOf = (tasks: readonly Task[]) =>
    new Map(
      tasks.flatMap((task) =>
        task.taskType === 'Map' ? [[task.destinationField ?? '', task] as const] : [],
      ),
    );
  const [old, now] = [mapsOf(a), mapsOf(b)];
  const changes = [...now].flatMap(([name, task]) => {
    const was = old.get(name);
    if (!was) return [`also ${says(task)}`];
    return says(was) === says(task)
      ? []
      : [`now ${says(task)}, no longer ${says(was).replace(/^maps /, '')}`];
  });
  changes.push(...[...old].flatMap(([name, task]) => (now.has(name) ? [] : [`no longer ${says(task)}`])));
  const kept = (maps: ReadonlyMap<string, Task>) =>
    [...maps.keys()].filter((name) => old.has(name) && now.has(name));
  if (kept(old).join('\n') !== kept(now).join('\n'))
    changes.push(`maps in another order: ${[...now.keys()].join(', ')}`);
  return changes;
}

function otherTaskChanges(a: readonly Task[], b: readonly Task[]): string[] {
  const textsOf = (tasks: readonly Task[]) =>
    tasks.filter((task) => task.taskType !== 'Map' && !isProjection(task)).map(says);
  const [old, now] = [textsOf(a), textsOf(b)];
  const added = without(now, old);
  const removed = without(old, now);
  const reordered = added.length + removed.length === 0 && old.join('\n') !== now.join('\n');
  return [
    ...added.map((text) => `also ${text}`),
    ...removed.map((text) => `no longer ${text}`),
    ...(reordered ? [`the same tasks in another order: ${now.join('; ')}`] : []),
  ];
}

/** `list` less each item of `other` once. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((item) => {
    const at = left.indexOf(item);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** What a task does, as the end of a sentence. */
function says(task: Task): string {
  const { taskType, sourceFields, destinationField, taskProperties: properties = {} } = task;
  const fields = sourceFields.join(', ');
  const operator = operatorOf(task);
  switch (taskType) {
    case 'Filter': {
      const { VALUE, VALUES, LOWER_BOUND, UPPER_BOUND, DATA_TYPE } = properties;
      const value = VALUE ?? VALUES ?? `${LOWER_BOUND} and ${UPPER_BOUND}`;
      return `keeps records with ${fields} ${operator} ${value}${DATA_TYPE ? ` (as ${DATA_TYPE})` : ''}`;
    }
    case 'Validate':
      return `checks ${fields}: ${operator}, else ${properties.VALIDATION_ACTION}`;
    case 'Mask': {
      const { MASK_LENGTH, MASK_VALUE = '*' } = properties;
      return `masks ${fields}: ${operator}${MASK_LENGTH ? ` ${MASK_LENGTH}` : ''} with ${MASK_VALUE}`;
    }
    case 'Truncate':
      return `truncates ${fields} to ${properties.TRUNCATE_LENGTH}`;
    case 'Arithmetic':
    case 'Merge': {
      const how = taskType === 'Merge' ? properties.CONCAT_FORMAT : properties.MATH_OPERATION_FIELDS_ORDER;
      const verb = taskType === 'Merge' ? 'joins' : `computes ${operator} of`;
      return `${verb} ${fields}${how ? ` (${how})` : ''} as ${destinationField || sourceFields.join(',')}`;
    }
    case 'Map': {
      const { SOURCE_DATA_TYPE: from, DESTINATION_DATA_TYPE: to, SUBFIELD_CATEGORY_MAP: sub } = properties;
      const types = from || to ? ` (${from ?? 'any type'} to ${to ?? 'the same'})` : '';
      return `maps ${fields} to ${destinationField}${types}${sub ? ` with ${sub}` : ''}`;
    }
    case 'Map_all': {
      const excluded = fieldList(properties.EXCLUDE_SOURCE_FIELDS_LIST ?? '[]').join(', ');
      const { INCLUDE_NEW_FIELDS: added } = properties;
      return `maps all fields${excluded && ` but ${excluded}`}${added ? `, new ones: ${added}` : ''}`;
    }
    case 'Passthrough':
      return 'passes records through as they are';
    case 'Partition':
      return `partitions by ${fields}`;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
