import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { awsBackend } from '../../cli/aws-backend.ts';
import { openBackend } from '../../cli/open-backend.ts';
import type { Shell } from '../../cli/shell.ts';
import { runKey } from '../../engine/run/run.ts';
import { fakeClient, serviceError } from '../support/fake-client.ts';
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

  it('of a deployed run reads both outputs from S3', async () => {
    const cli = command();
    const id = await run(cli, { fileType: 'JSON' });
    const home = path.join(cli.folder, 'home');
    const { state } = await openBackend({ home }, { clock: cli.clock } as unknown as Shell);
    const item = await state.get(runKey(id), 'RUN');
    const appflow = new Map([
      ['run-1/a', '{"id":3,"rating":"Hot"}\n'],
      ['run-1/b', '{"id":1,"rating":"Hot"}\n{"id":2,"rating":"Cold"}\n'],
    ]);
    const content = ({ Bucket, Key }: Record<string, unknown>): Buffer | Error => {
      if (Bucket === 'appflow') return Buffer.from(appflow.get(String(Key)) ?? '');
      const file = [path.join(home, 's3', String(Bucket)), home]
        .map((folder) => path.join(folder, String(Key)))
        .find(existsSync);
      return file ? readFileSync(file) : serviceError('NoSuchKey', 404);
    };
    const s3 = fakeClient<Parameters<typeof awsBackend>[0]['s3']>({
      GetObject(input) {
        const bytes = content(input);
        if (bytes instanceof Error) return bytes;
        const [, start = '0', end = String(bytes.length)] =
          /^bytes=(\d+)-(\d*)$/.exec(String(input.Range)) ?? [];
        const part = bytes.subarray(Number(start), end === '' ? undefined : Number(end) + 1);
        return { Body: Object.assign(Readable.from([part]), { transformToByteArray: async () => part }) };
      },
      HeadObject(input) {
        const bytes = content(input);
        return bytes instanceof Error ? bytes : { ContentLength: bytes.length, ETag: '"e"' };
      },
      ListObjectsV2: ({ Bucket, Prefix }) => ({
        Contents: [...appflow]
          .filter(([key]) => Bucket === 'appflow' && key.startsWith(String(Prefix)))
          .map(([Key, text]) => ({ Key, Size: text.length, ETag: '"e"', LastModified: new Date(0) })),
      }),
    });
    const dynamodb = fakeClient<Parameters<typeof awsBackend>[0]['dynamodb']>({
      DescribeTable: {
        Table: { TableArn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/tributary-state' },
      },
      GetItem: ({ Key }) => ({
        Item: { ...(Key as object), revision: { N: '1' }, data: { S: JSON.stringify(item?.data) } },
      }),
    });
    const others = fakeClient<never>({});
    cli.shell = {
      openAws: () =>
        awsBackend(
          { dynamodb: dynamodb.client, s3: s3.client, sfn: others.client, kms: others.client },
          cli.clock,
        ),
    };
    const compared = await cli.run('compare', id, '--with', 's3://appflow/run-1', '--key', 'id', '--aws');
    expect(compared).toEqual({
      exitCode: 1,
      out: [
        'ours       3 records',
        'theirs     3 records',
        'the same   2 records',
        'different  1 record',
        'other values',
        '  rating  1 record  ours "Warm", theirs "Cold"  at {"id":"2"}',
        'known differences of form, not counted',
        '  id  type  3 records  ours "3", theirs 3',
        '',
      ].join('\n'),
      err: '',
    });
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
