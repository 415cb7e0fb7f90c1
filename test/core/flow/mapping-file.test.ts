import { describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import { applyMappingFile } from '../../../core/flow/mapping-file.ts';
import { checkFlow } from '../../../core/flow/read.ts';
import { mutated } from './mutated.ts';

const flow = checkFlow(mutated('17-s3-zendesk-insert', {}), 'flow.json');
const withoutTasks: FlowDefinition = { ...flow, tasks: [] };

const pairs = (csv: string) =>
  applyMappingFile(withoutTasks, csv, 'm.csv')
    .tasks.filter((task) => task.taskType === 'Map')
    .map((task) => [task.sourceFields[0], task.destinationField]);

describe('applyMappingFile', () => {
  it('makes a projection and a Map task for each line', () => {
    expect(applyMappingFile(withoutTasks, 'SF1, DFa\nSF2, DFb\n', 'm.csv').tasks).toEqual([
      { taskType: 'Filter', connectorOperator: { S3: 'PROJECTION' }, sourceFields: ['SF1', 'SF2'] },
      {
        taskType: 'Map',
        sourceFields: ['SF1'],
        connectorOperator: { S3: 'NO_OP' },
        destinationField: 'DFa',
        taskProperties: {},
      },
      {
        taskType: 'Map',
        sourceFields: ['SF2'],
        connectorOperator: { S3: 'NO_OP' },
        destinationField: 'DFb',
        taskProperties: {},
      },
    ]);
  });

  it('extends the flow and leaves the one given as it was', () => {
    const before = structuredClone(flow);
    const merged = applyMappingFile(flow, 'id,external_id\nsubject,title', 'm.csv');
    expect(merged.tasks[0]?.sourceFields).toEqual(['subject', 'body', 'id']);
    expect(merged.tasks.slice(1, 4)).toEqual(flow.tasks.slice(1));
    expect(merged.tasks.slice(4).map((task) => task.destinationField)).toEqual(['external_id', 'title']);
    expect(flow).toEqual(before);
  });

  it('takes quoted names, blanks, empty lines, Windows line ends and a byte order mark', () => {
    expect(pairs('\uFEFF"a, ""b""" , c d \r\n\r\n ga:dimension1 ,"e"')).toEqual([
      ['a, "b"', 'c d'],
      ['ga:dimension1', 'e'],
    ]);
  });

  it.each([
    [
      'a',
      'm.csv: line 1: not a pair of fields; got "a"; expected a source field, a comma and a destination field',
    ],
    ['a,b\nc,', 'm.csv: line 2: not a pair of fields; got "c,"'],
    ['a,b,c', 'm.csv: line 1: not a pair of fields; got "a,b,c"'],
    ['"a,b', 'm.csv: line 1: not a pair of fields'],
    ['a,b\n\nc,b', 'm.csv: line 3: "b" is already mapped by line 1; got "c,b"'],
    ['\n', 'm.csv: line 1: the file maps no field'],
  ])('refuses %j', (csv, message) => {
    expect(() => applyMappingFile(withoutTasks, csv, 'm.csv')).toThrow(message);
  });

  it('refuses a field that the flow maps itself, and names all bad lines', () => {
    expect(() => applyMappingFile(flow, 'x,subject\ny', 'm.csv')).toThrow(
      'm.csv: line 1: "subject" is already mapped by the flow itself; got "x,subject"\nm.csv: line 2: not a pair of fields',
    );
  });
});
