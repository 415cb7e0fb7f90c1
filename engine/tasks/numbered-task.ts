/** Reading a flow's list of tasks, and saying where in it a mistake is. */

import { TributaryError } from '../../core/errors.ts';
import { pathText } from '../../core/flow/finding.ts';
import { operatorOf, type Task } from '../../core/flow/task.ts';

/** A task with its place in the flow's list. */
export interface Numbered {
  readonly index: number;
  readonly task: Task;
}

export function onlySourceField(numbered: Numbered): string {
  const [field, second] = numbered.task.sourceFields;
  if (field === undefined || second !== undefined)
    throw invalid(numbered, 'it needs exactly one source field');
  return field;
}

export function destinationName(map: Numbered): string {
  const name = map.task.destinationField;
  if (name === undefined) throw invalid(map, 'it needs a destinationField');
  return name;
}

/** A JSON array of strings, or a comma list. */
export function listOf(text: string): string[] {
  if (text.trimStart().startsWith('[')) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list)) return list.map(String);
    } catch {
      // No JSON after all: a comma list whose first name begins with a bracket.
    }
  }
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

export function place({ index, task }: Numbered): string {
  return `${pathText(['tasks', index])} (${task.taskType})`;
}

export function invalid(numbered: Numbered, summary: string, fix?: string): TributaryError {
  return new TributaryError('FlowInvalid', summary, {
    at: place(numbered),
    ...(fix !== undefined && { fix }),
  });
}

export function wrongOperator(numbered: Numbered, expected: readonly string[]): TributaryError {
  return new TributaryError(
    'FlowInvalid',
    `${operatorOf(numbered.task)} is no operator of ${numbered.task.taskType} tasks`,
    {
      at: pathText(['tasks', numbered.index, 'connectorOperator']),
      expected: `one of ${expected.join(', ')}`,
    },
  );
}
