import { expect, it } from 'vitest';
import { command, map, orders } from './command.ts';

const { tasks } = orders;

it('diff tells what is different, and what it does to the state', async () => {
  const cli = command();
  const before = cli.flow();
  const after = cli.write('flows/after.json', { ...orders, tasks: [...tasks, map('total')] });
  expect(await cli.run('diff', before, after)).toEqual({
    exitCode: 0,
    out: [
      '- also maps total to total',
      '',
      'watermark:       none: each run reads everything',
      'schema version:  rises with the next run: other field mapping',
      'catalog:         none',
      '',
    ].join('\n'),
    err: '',
  });
  expect(await cli.json('diff', after, before)).toMatchObject({ changes: ['no longer maps total to total'] });
});

it('diff of two spellings says that they are one flow', async () => {
  const cli = command();
  const before = cli.flow();
  const after = cli.write('flows/after.json', { ...orders, tags: {}, tasks: tasks.toReversed() });
  expect((await cli.run('diff', before, after)).out).toMatch(/^- maps in another order: rating, id\n/);
  const [projection, id, rating] = tasks;
  const same = cli.write('flows/same.json', { ...orders, tags: {}, tasks: [id, rating, projection] });
  expect((await cli.run('diff', before, same)).out).toBe('the same flow\n');
});
