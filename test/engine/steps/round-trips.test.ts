import { expect, it } from 'vitest';
import { stateMachine } from '../../../core/flow/state-machine.ts';
import { s3Flow } from '../../support/flows.ts';
import { memoryHome } from '../../support/memory-home.ts';

// Deployed, each call of a port is a request to AWS, but for the metrics, which are lines of the log. A function's first
// invocation reads the definition as well.
it('a run of one split and one batch makes 30 requests', async () => {
  const home = memoryHome({ buckets: ['inbox', 'lake'] });
  await home.objects.put('inbox', 'in/a.csv', 'id,name\n1,a\n2,b\n');
  const calls: Record<string, string[]> = {};
  let step = '';
  home.hook = (call, when) => {
    if (when === 'before' && call !== 'metrics.record') calls[step] = [...(calls[step] ?? []), call];
  };
  const ended = await home.run(s3Flow({ fields: { id: 'id', name: 'name' } }), {
    aroundStep: (name, run) => {
      step = name;
      return run();
    },
  });
  expect(ended).toMatchObject({ output: { status: 'Successful' } });
  expect(calls).toEqual({
    StartRun: ['state.getAll', 'state.write', 'events.emit'],
    // The list and the first line of the CSV file, which has its fields' names, are the source's.
    DescribeSource: ['state.getAll', 'objects.bucketExists', 'objects.list', 'objects.stream', 'objects.put'],
    TransferBatch: [
      'state.getAll',
      'objects.read',
      'objects.stream',
      'objects.put',
      'state.write',
      'state.get',
    ],
    CommitOutput: [
      'state.getAll',
      'objects.read',
      'state.list',
      'objects.read',
      'objects.put',
      'signer.sign',
      'objects.put',
      'state.write',
      'objects.put',
      'state.write',
    ],
    EndRun: ['state.getAll', 'state.write', 'events.emit', 'objects.list', 'objects.delete', 'state.write'],
  });
  expect(Object.values(calls).flat().length).toBe(30);
});

it('a run of one split and one batch enters 11 states', () => {
  const { StartAt, States } = stateMachine({ functions: { control: 'c', transfer: 't' } });
  const answers = ['describe', 'one', 'done', 'end', 'done'];
  const entered: string[] = [];
  let name = StartAt;
  while (name) {
    entered.push(name);
    const { Choices, Next } = States[name] as {
      Choices?: { StringEquals: string; Next: string }[];
      Next?: string;
    };
    const answer = Choices && answers.shift();
    name = Choices?.find(({ StringEquals }) => StringEquals === answer)?.Next ?? Next ?? '';
  }
  expect(entered).toEqual([
    'StartRun',
    'RunStarted?',
    'DescribeSource',
    'Splits?',
    'TransferBatch',
    'Transferred?',
    'CommitOutput',
    'Committed?',
    'EndRun',
    'Ended?',
    'Done',
  ]);
});
