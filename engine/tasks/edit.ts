/** Mask and Truncate: changes made to a field in place, and to parts of a record that is handed on as a whole. */

import type { MaskOperator } from '../../core/operators.ts';
import { isStruct } from '../../core/record-path.ts';
import type { Value } from '../../core/records.ts';
import { type ConvertedType, textOf } from './convert.ts';

export type Edit =
  | {
      readonly kind: 'mask';
      readonly operator: MaskOperator;
      /** How many characters; of MASK_ALL absent, unless exactly so many are to be written. */
      readonly length?: number;
      /** Written once for every masked character. */
      readonly mask: string;
    }
  | { readonly kind: 'truncate'; readonly length: number };

/** Applies the edits one after the other to the value's text. Null stays null. Characters are Unicode code points. */
export function compileEdits(edits: readonly Edit[], from: ConvertedType): (value: Value) => Value {
  const text = textOf(from);
  return (value) => {
    let result = text(value);
    if (result !== null) for (const edit of edits) result = applyEdit(edit, result);
    return result;
  };
}

function applyEdit(edit: Edit, text: string): string {
  if (edit.kind === 'truncate') return text.slice(0, offsetOf(text, edit.length));
  const { operator, length, mask } = edit;
  const size = characterCount(text);
  if (operator === 'MASK_ALL') return mask.repeat(length ?? size);
  const masked = Math.min(length ?? size, size);
  return operator === 'MASK_FIRST_N'
    ? mask.repeat(masked) + text.slice(offsetOf(text, masked))
    : text.slice(0, offsetOf(text, size - masked)) + mask.repeat(masked);
}

/** UTF-16 units of the code point at `offset`; a lone surrogate is a character of its own. */
function widthAt(text: string, offset: number): 1 | 2 {
  return (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
}

/** The index after the first `count` code points. */
function offsetOf(text: string, count: number): number {
  let offset = 0;
  for (let i = 0; i < count && offset < text.length; i++) offset += widthAt(text, offset);
  return offset;
}

function characterCount(text: string): number {
  let count = 0;
  for (let offset = 0; offset < text.length; count++) offset += widthAt(text, offset);
  return count;
}

/** A part of a record, by its path, and what becomes of it: removed, or edited. */
export interface PartEdit {
  readonly path: string;
  readonly edits: readonly Edit[] | 'remove';
}

/**
 * Makes changed copies of records (or of nested objects); the record itself is left as it is. A literal key wins over
 * the nested reading. A list on the way is entered and each of its objects changed, so that nothing masked gets out.
 */
export function compilePartEdits(parts: readonly PartEdit[]): (record: object) => Record<string, unknown> {
  const changes = parts.map(({ path, edits }): { path: string; change: Change } => ({
    path,
    change: edits === 'remove' ? 'remove' : compileEdits(edits, {}),
  }));
  return (record) => {
    const copy: Members = { ...record };
    for (const { path, change } of changes) changePart(copy, path, change);
    return copy;
  };
}

type Members = Record<string, unknown>;
type Change = 'remove' | ((value: Value) => Value);

/** @param members a copy of which only we know */
function changePart(members: Members, path: string, change: Change): void {
  if (Object.hasOwn(members, path)) {
    if (change === 'remove') delete members[path];
    else members[path] = change((members[path] ?? null) as Value);
    return;
  }
  const dot = path.indexOf('.');
  const head = path.slice(0, dot);
  if (dot < 0 || !Object.hasOwn(members, head)) return;
  members[head] = changeBelow(members[head], path.slice(dot + 1), change);
}

function changeBelow(value: unknown, path: string, change: Change): unknown {
  if (Array.isArray(value)) return value.map((element) => changeBelow(element, path, change));
  if (!isStruct(value)) return value;
  const copy: Members = { ...value };
  changePart(copy, path, change);
  return copy;
}
