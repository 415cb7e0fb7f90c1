/**
 * The mapping file of AppFlow's console ("Upload a .csv file with mapped fields"): each line holds a source field, a
 * comma and a destination field. https://docs.aws.amazon.com/appflow/latest/userguide/create-flow-console.html
 */

import { type FlowDefinition, memberKey } from './definition.ts';
import { type Finding, shorten, throwAny } from './finding.ts';
import { operatorOf, type Task } from './task.ts';

interface Mapping {
  readonly line: number;
  readonly sourceField: string;
  readonly destinationField: string;
}

/**
 * Adds a Map task for each line, in the file's order, and reads the source fields (the flow's projection is extended,
 * or one is added). Names may be quoted as in CSV; blanks around them and empty lines do not count.
 *
 * @throws TributaryErrors FlowInvalid naming the lines that are no pair, or that map to a field a second time.
 */
export function applyMappingFile<Flow extends Partial<FlowDefinition>>(
  flow: Flow,
  csvText: string,
  fileName: string,
): Flow {
  const { tasks, sourceFlowConfig } = flow;
  if (!tasks || !sourceFlowConfig) return flow;
  const mappings = readMappings(csvText, tasks, fileName);
  const key = memberKey(sourceFlowConfig.connectorType);
  const sourceFields = mappings.map((mapping) => mapping.sourceField);
  const projection = tasks.find((task) => task.taskType === 'Filter' && operatorOf(task) === 'PROJECTION');
  const projected = [...new Set([...(projection?.sourceFields ?? []), ...sourceFields])];
  return {
    ...flow,
    tasks: [
      {
        taskType: 'Filter',
        connectorOperator: { [key]: 'PROJECTION' },
        ...projection,
        sourceFields: projected,
      },
      ...tasks.filter((task) => task !== projection),
      ...mappings.map(({ sourceField, destinationField }) => ({
        taskType: 'Map',
        sourceFields: [sourceField],
        connectorOperator: { [key]: 'NO_OP' },
        destinationField,
        taskProperties: {},
      })),
    ],
  };
}

function readMappings(csvText: string, tasks: readonly Task[], fileName: string): Mapping[] {
  const mapped = new Map<string, string>();
  for (const task of tasks) {
    if (task.taskType === 'Map' && task.destinationField)
      mapped.set(task.destinationField, 'the flow itself');
  }
  const findings: Finding[] = [];
  const mappings: Mapping[] = [];
  const lines = csvText.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [i, text] of lines.entries()) {
    if (text.trim() === '') continue;
    const place = { at: `line ${i + 1}`, got: text };
    const [sourceField, destinationField, ...others] = fieldsOf(text);
    if (!sourceField || !destinationField || others.length > 0) {
      const expected = 'a source field, a comma and a destination field';
      findings.push({ ...place, problem: 'not a pair of fields', expected });
      continue;
    }
    const before = mapped.get(destinationField);
    if (before) {
      findings.push({ ...place, problem: `${shorten(destinationField)} is already mapped by ${before}` });
      continue;
    }
    mapped.set(destinationField, `line ${i + 1}`);
    mappings.push({ line: i + 1, sourceField, destinationField });
  }
  if (lines.join('').trim() === '') findings.push({ at: 'line 1', problem: 'the file maps no field' });
  throwAny('FlowInvalid', findings, fileName);
  return mappings;
}

/** The fields of a line: quoted (a doubled quote stands for one) or plain, without the blanks around them. */
function fieldsOf(line: string): string[] {
  const field = /\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/gy;
  const fields: string[] = [];
  for (let match = field.exec(line); match; match = field.exec(line)) {
    fields.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').trim());
    if (match[3] === '') return fields;
  }
  return [];
}
