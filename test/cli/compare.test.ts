import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Command, command, orders } from './command.ts';

const s3 = orders.destinationFlowConfigList[0].destinationConnectorProperties.S3;

/** Runs a flow with this output, and answers the run's id. */
async function run(cli: Command, output: object, tasks: readonly object[] = orders.tasks): Promise<string> {
  const destination = { S3: { ...s3, s3OutputFormatConfig: { ...s3.s3OutputFormatConfig, ...output } } };
  const flow = cli.flow({
    tasks,
    destinationFlowConfigList: [{ connectorType: 'S3', destinationConnectorProperties: destination }],
  });
  const { executionId } = await cli.json<{ executionId: string }>('run', flow);
  return executionId;
}

function theirs(cli: Command, ...files: readonly (readonly [string, string | Uint8Array])[]): string {
  const folder = path.join(cli.folder, 'theirs');
  for (const [name, text] of files) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

describe('compare', () => {
  it('finds JSON Lines of other files, order and forms the same', async () => {
    const cli = command();
    const id = await run(cli, { fileType: 'JSON' });
    const folder = theirs(
      cli,
      ['a', '{"rating":"Hot","id":3}\n'],
      ['b', '{"rating":"Hot","id":1}\n{"rating":"Warm","id":2}\n'],
    );
    expect(await cli.run('compare', id, '--with', folder, '--key', 'id')).toEqual({
      exitCode: 0,
      out: [
        'ours      3 records',
        'theirs    3 records',
        'the same  3 records',
        'known differences of form, not counted',
        '  id  type  3 records  ours "3", theirs 3',
        '',
      ].join('\n'),
      err: '',
    });
  });

  it('tells what differs, and in which column', async () => {
    const cli = command();
    const id = await run(cli, { fileType: 'CSV' });
    const folder = theirs(cli, ['a', 'id,rating,extra\n1,Cold,\n2,Warm,x\n4,Hot,\n']);
    expect(await cli.run('compare', id, '--with', folder, '--key', 'id')).toEqual({
      exitCode: 1,
      out: [
        'ours       3 records',
        'theirs     3 records',
        'the same   1 record',
        'different  1 record',
        'only ours: 1 record',
        '  {"id":"3"}',
        'only theirs: 1 record',
        '  {"id":"4"}',
        'column only theirs: extra',
        'other values',
        '  rating  1 record  ours "Hot", theirs "Cold"  at {"id":"1"}',
        '',
      ].join('\n'),
      err: '',
    });
    const whole = await cli.run('compare', id, '--with', folder);
    expect(whole.exitCode).toBe(1);
    expect(whole.out).toContain('with --key COLUMN, records are compared column by column');
  });

  it('reads Parquet, partition folders and objects of a bucket', async () => {
    const cli = command();
    const partition = {
      taskType: 'Partition',
      sourceFields: ['rating'],
      connectorOperator: { S3: 'NO_OP' },
      taskProperties: {},
    };
    const output = { fileType: 'PARQUET' };
    const id = await run(cli, output, [...orders.tasks, partition]);
    const other = await run(cli, output, [...orders.tasks, partition]);
    const compared = await cli.run('compare', id, '--with', `s3://lake/orders/${other}`, '--key', 'id');
    expect(compared).toMatchObject({ exitCode: 0, out: expect.stringContaining('the same  3 records\n') });
    expect(compared.out).not.toContain('differences');
    const { records } = await cli.json('compare', id, '--with', `s3://lake/orders/${other}`);
    expect(records).toEqual({ ours: 3, theirs: 3 });
  });

  it('takes values of folders that the files lack', async () => {
    const cli = command();
    const partition = {
      taskType: 'Partition',
      sourceFields: ['rating'],
      connectorOperator: { S3: 'NO_OP' },
      taskProperties: {},
    };
    const id = await run(cli, { fileType: 'JSON' }, [...orders.tasks, partition]);
    const folder = theirs(
      cli,
      ['rating=Hot/x', '{"id":"1"}\n{"id":"3"}\n'],
      ['rating=Warm/y', '{"id":"2"}\n'],
    );
    expect(await cli.run('compare', id, '--with', folder, '--key', 'id')).toMatchObject({ exitCode: 0 });
  });

  it('names what it cannot read', async () => {
    const cli = command();
    const id = await run(cli, { fileType: 'JSON' });
    const folder = theirs(cli, ['a', '{"id":1}\nnone\n']);
    expect((await cli.run('compare', id, '--with', folder)).err).toContain(
      `${path.join(folder, 'a')} line 2: not a line of JSON Lines`,
    );
    expect((await cli.run('compare', id, '--with', 's3://lake/nothing')).err).toContain(
      'there are no files to compare with',
    );
    expect((await cli.run('compare', id, '--with', path.join(cli.folder, 'nowhere'))).exitCode).toBe(2);
    const parquet = await run(cli, { fileType: 'PARQUET' });
    expect((await cli.run('compare', parquet, '--with', folder)).err).toContain('not a Parquet file');
  });
});
