/** Which fields of the source a run reads, and where in a row each is found. */

import { TributaryError } from '../../core/errors.ts';
import { didYouMean } from '../../core/flow/finding.ts';
import { type FieldType, type SourceField, wholeRecord } from '../../core/records.ts';
import type { ConvertedType } from './convert.ts';
import { type Numbered, place } from './numbered-task.ts';
import type { Place } from './task-plan.ts';

interface FoundField {
  readonly at: Place;
  readonly from: ConvertedType;
  /** What the source says of exactly this field. */
  readonly field?: SourceField;
}

export interface FieldReader {
  /** Adds the field to the read set. @param user the task that needs it; undefined: the run */
  read(name: string, user: Numbered | undefined): FoundField;
  /** Throws as `read` does, without reading; here a path may lead into lists. */
  check(name: string, user: Numbered): void;
  fields(): string[];
}

export function fieldReader(sourceFields: readonly SourceField[], whole: boolean): FieldReader {
  const known = new Map(sourceFields.map((field) => [field.name, field]));
  const indexes = new Map<string, number>(whole ? [[wholeRecord, 0]] : []);
  const indexOf = (name: string) => {
    const index = indexes.get(name) ?? indexes.size;
    indexes.set(name, index);
    return index;
  };
  const find = (name: string, user: Numbered | undefined, entered: readonly FieldType[]) => {
    const field = known.get(name);
    if (field !== undefined || known.size === 0) return { name, field };
    const parent = ancestors(name).findLast((ancestor) => {
      const type = known.get(ancestor)?.type;
      return type !== undefined && entered.includes(type);
    });
    if (parent === undefined) throw missingField(name, user, [...known.keys()]);
    return { name: parent, path: name.slice(parent.length + 1), field };
  };
  return {
    read(name, user) {
      const { name: read, path, field } = find(name, user, ['Struct', 'Map']);
      const from = field ? { type: field.type, ...fractionDigits(field) } : {};
      const at = whole
        ? { index: 0, path: name }
        : { index: indexOf(read), ...(path !== undefined && { path }) };
      return { at, from, ...(field && { field }) };
    },
    check(name, user) {
      find(name, user, ['Struct', 'Map', 'List']);
    },
    fields: () => [...indexes.keys()],
  };
}

/** `a`, `a.b` of `a.b.c`. */
function ancestors(name: string): string[] {
  const parts = name.split('.');
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
}

function missingField(name: string, user: Numbered | undefined, known: readonly string[]): TributaryError {
  return new TributaryError('SchemaChanged', `the source has no field '${name}'`, {
    at: user === undefined ? 'the run' : place(user),
    fix: didYouMean(name, known) ?? `use one that it has: ${shortList(known)}`,
  });
}

export function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `'${name}'`);
  return shown.join(', ') + (names.length > shown.length ? ` and ${names.length - shown.length} more` : '');
}

export function fractionDigits(field: SourceField): Pick<ConvertedType, 'fractionDigits'> {
  return field.fractionDigits === undefined ? {} : { fractionDigits: field.fractionDigits };
}
