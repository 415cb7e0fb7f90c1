/** `tributary explain`: what a person reads of a run. */

import { expect, test } from 'vitest';
import { command } from './command.ts';

test('a failed run is explained in words', async () => {
  const cli = command();
  cli.write('home/s3/inbox/in/a.csv', 'id,rating\n1,a\n2\n');
  const { executionId } = await cli.json<{ executionId: string }>('run', cli.flow());
  const { exitCode, out, err } = await cli.run('explain', executionId);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out.trimEnd().split('\n')).toEqual([
    `orders, run ${executionId}`,
    '  The run failed in TransferBatch, split 0.',
    '  error      SourceDataInvalid: s3://inbox/in/a.csv line 3: the record does not have one field for each column; got 1 field; expected 2; put fields that hold commas, quotes or line ends in quotes',
    '  where      TransferBatch, in, split 0',
    '  cause      A line of the CSV file has more or fewer fields than its header row: mostly a comma or line break in an unquoted field.',
    '  fix        put fields that hold commas, quotes or line ends in quotes',
    '  retry      does not help before the cause is mended',
    '  data       nothing was written',
    '  watermark  none: each run pulls everything',
  ]);
});

test('a run that fails says how to ask', async () => {
  const cli = command();
  cli.write('home/s3/inbox/in/a.csv', 'id,rating\n1,a\n2\n');
  const { err } = await cli.run('run', cli.flow());
  const [, id = ''] = /why, and what to do: tributary explain (\S+) --home \S+\n$/.exec(err) ?? [];
  expect((await cli.run('explain', id)).out).toContain('The run failed in TransferBatch, split 0.');
});

test('for programs it is one JSON value', async () => {
  const cli = command();
  cli.write('home/s3/inbox/in/a.csv', 'id,rating\n1,a\n2\n');
  const { executionId } = await cli.json<{ executionId: string }>('run', cli.flow());
  expect(await cli.json('explain', executionId)).toMatchObject({
    executionId,
    flowName: 'orders',
    failed: { code: 'SourceDataInvalid', step: 'TransferBatch', at: 's3://inbox/in/a.csv line 3' },
    cause: { name: 'raggedRecord' },
    retry: { advice: 'afterFix', at: null },
  });
});

test('a run that succeeded is said to have', async () => {
  const cli = command();
  cli.write('home/s3/inbox/in/a.csv', 'id,rating\n1,a\n');
  const { executionId } = await cli.json<{ executionId: string }>('run', cli.flow());
  expect((await cli.run('explain', executionId)).out.trimEnd().split('\n')).toEqual([
    `orders, run ${executionId}`,
    '  The run succeeded: 1 record read, 1 written.',
    '  data       1 record in 1 object written',
    '  watermark  none: each run pulls everything',
  ]);
});

test('a run that nobody knows is bad input', async () => {
  const { exitCode, err } = await command().run('explain', 'nobody');
  expect(exitCode).toBe(2);
  expect(err).toContain(
    'there is no such run; got nobody; list the runs of a flow with `tributary runs FLOW`',
  );
});
