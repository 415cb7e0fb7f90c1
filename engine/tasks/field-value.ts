/** How the value of a field comes about: read, edited by Mask and Truncate, made by Arithmetic and Merge. */

import { TributaryError } from '../../core/errors.ts';
import { didYouMean, pathText, shorten } from '../../core/flow/finding.ts';
import { operatorOf, type Task, type TaskPropertyKey } from '../../core/flow/task.ts';
import { type ArithmeticOperator, arithmeticOperators, maskOperators } from '../../core/operators.ts';
import type { FieldType } from '../../core/records.ts';
import type { Edit, PartEdit } from './edit.ts';
import { type FieldReader, shortList } from './field-reader.ts';
import { isWhole } from './field-type.ts';
import { invalid, listOf, type Numbered, place, wrongOperator } from './numbered-task.ts';
import type { Expression, PlanOptions } from './task-plan.ts';

export interface ValueMaker {
  /** The value of a source field or of the field that an Arithmetic or Merge task makes. */
  of(name: string, user: Numbered): Expression;
  isMasked(name: string): boolean;
  /** Edits of parts of a field; undefined: of the whole record. */
  partsOf(name: string | undefined): PartEdit[];
}

export function valueMaker(
  ofType: (...types: Task['taskType'][]) => Numbered[],
  reader: FieldReader,
  options: PlanOptions,
): ValueMaker {
  const makers = new Map<string, Numbered>();
  for (const maker of ofType('Arithmetic', 'Merge')) {
    const name = maker.task.destinationField ?? maker.task.sourceFields.join(',');
    if (makers.has(name))
      throw invalid(
        maker,
        `a second task makes the field '${name}'`,
        'give one of them another destinationField',
      );
    makers.set(name, maker);
  }

  const edited: { name: string; edit: Edit }[] = ofType('Mask', 'Truncate').flatMap((editor) => {
    const edit = editOf(editor, options);
    return editor.task.sourceFields.map((name) => {
      // A misspelt name must not let through what was to be masked.
      if (!makers.has(name)) reader.check(name, editor);
      return { name, edit };
    });
  });
  // What is done to a field is done to its parts as well.
  const editsOf = (name: string) =>
    edited.filter((one) => one.name === name || name.startsWith(`${one.name}.`)).map(({ edit }) => edit);
  const partsOf = (name: string | undefined): PartEdit[] => {
    const prefix = name === undefined ? '' : `${name}.`;
    return edited
      .filter((one) => one.name.startsWith(prefix) && !makers.has(one.name))
      .map((one) => ({ path: one.name.slice(prefix.length), edits: [one.edit] }));
  };

  const make = (name: string, user: Numbered, raw: boolean, within: readonly string[]): Expression => {
    const edits = raw ? [] : editsOf(name);
    const maker = makers.get(name);
    // A task may name its result as one of its operands; that one is then the source's field.
    if (maker === undefined || within.includes(name)) {
      const { at, from } = reader.read(name, user);
      return { kind: 'field', at, from, edits, parts: raw || edits.length > 0 ? [] : partsOf(name) };
    }
    const inner = [...within, name];
    if (maker.task.taskType === 'Merge') {
      const parts = mergeParts(maker).map((part) => part.literal ?? make(part.field, maker, false, inner));
      return { kind: 'merge', parts, edits };
    }
    const operator = arithmeticOperators.find((known) => known === operatorOf(maker.task));
    if (operator === undefined) throw wrongOperator(maker, arithmeticOperators);
    const operands = operandsOf(maker).map((operand) => make(operand, maker, true, inner));
    return { kind: 'arithmetic', operator, operands, type: resultType(operator, operands), edits };
  };

  return {
    of: (name, user) => make(name, user, false, []),
    isMasked: (name) => editsOf(name).some(isMask),
    partsOf,
  };
}

const isMask = ({ kind }: Edit) => kind === 'mask';

/** What a Mask or a Truncate task does to the text of its field. */
export function editOf(editor: Numbered, options: Pick<PlanOptions, 'fixedMaskLength'>): Edit {
  if (editor.task.taskType === 'Truncate')
    return { kind: 'truncate', length: lengthOf(editor, 'TRUNCATE_LENGTH') };
  const operator = maskOperators.find((known) => known === operatorOf(editor.task));
  if (operator === undefined) throw wrongOperator(editor, maskOperators);
  const mask = editor.task.taskProperties?.MASK_VALUE ?? '*';
  const measured =
    operator !== 'MASK_ALL' ||
    (options.fixedMaskLength === true && editor.task.taskProperties?.MASK_LENGTH !== undefined);
  return { kind: 'mask', operator, mask, ...(measured && { length: lengthOf(editor, 'MASK_LENGTH') }) };
}

function lengthOf(editor: Numbered, key: TaskPropertyKey): number {
  const text = editor.task.taskProperties?.[key];
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text);
  throw new TributaryError('FlowInvalid', `${editor.task.taskType} needs a length`, {
    at: pathText(['tasks', editor.index, 'taskProperties', key]),
    got: shorten(text),
    expected: 'a number of characters',
  });
}

const placeholder = /\$\{([^}]*)\}/g;

function mergeParts(maker: Numbered): ({ literal: string } | { literal?: never; field: string })[] {
  const { sourceFields, taskProperties } = maker.task;
  const format = taskProperties?.CONCAT_FORMAT;
  if (format === undefined) return sourceFields.map((field) => ({ field }));
  // Splitting by a pattern with one group gives literals at even and the groups at odd positions.
  return format.split(placeholder).map((text, i) => {
    if (i % 2 === 0) return { literal: text };
    if (sourceFields.includes(text)) return { field: text };
    throw new TributaryError('FlowInvalid', `'${text}' is no source field of this Merge task`, {
      at: pathText(['tasks', maker.index, 'taskProperties', 'CONCAT_FORMAT']),
      fix: didYouMean(text, sourceFields) ?? `write one of ${shortList(sourceFields)}`,
    });
  });
}

function operandsOf(maker: Numbered): readonly string[] {
  const { sourceFields, taskProperties } = maker.task;
  const order = taskProperties?.MATH_OPERATION_FIELDS_ORDER;
  const operands = order === undefined ? sourceFields : listOf(order);
  const foreign = operands.find((operand) => !sourceFields.includes(operand));
  if (foreign !== undefined || operands.length < 2) {
    throw new TributaryError('FlowInvalid', 'Arithmetic computes with two or more of its source fields', {
      at: place(maker),
      got: shorten(operands),
    });
  }
  return operands;
}

/**
 * Whole numbers stay whole (Long; BigInteger if one is), but for a quotient. Exact decimals, and text, as CSV files have
 * it, give BigDecimal; doubles give Double.
 */
function resultType(operator: ArithmeticOperator, operands: readonly Expression[]): FieldType {
  const types = operands.map(typeOf);
  if (operator !== 'DIVISION' && types.every(isWhole))
    return types.includes('BigInteger') ? 'BigInteger' : 'Long';
  return types.some((type) => type === 'BigDecimal' || type === 'String') ? 'BigDecimal' : 'Double';
}

/** `undefined`: only the data can tell. */
export function typeOf(value: Expression): FieldType | undefined {
  switch (value.kind) {
    case 'field':
      return value.edits.length > 0 ? 'String' : value.from.type;
    case 'arithmetic':
      return value.edits.length > 0 ? 'String' : value.type;
    case 'merge':
      return 'String';
  }
}
