import { beforeEach, describe, expect, it } from 'vitest';
import type { FlowDefinition } from '../../../core/flow/definition.ts';
import type { Signer } from '../../../core/ports.ts';
import type { SignedCertificate } from '../../../engine/run/certificate.ts';
import { type Run, runKey } from '../../../engine/run/run.ts';
import { type Verification, verifyRun } from '../../../engine/verify/verify-run.ts';
import { s3Flow } from '../../support/flows.ts';
import { type MemoryHome, memoryHome, stateBucket } from '../../support/memory-home.ts';
import { testSigner } from '../../support/test-signer.ts';

const id = '00000000-0000-4000-8000-000000000001';
const fields = { id: 'id', name: 'name', rating: 'rating' };
const executionId = { prefixConfig: { pathPrefixHierarchy: ['EXECUTION_ID' as const] } };

/** A run of two files of which one record is refused, one fails a validation and one is filtered. */
async function runOf(flow: FlowDefinition): Promise<MemoryHome> {
  const home = memoryHome({ buckets: ['inbox', 'lake'], pageBytes: 100, sizes: { segmentPages: 2 } });
  await home.objects.put(
    'inbox',
    'in/0.csv',
    'id,name,rating\n1,"a, ""b""\nc",Hot\n2,b,Warm\nx,refused,Hot\n3,c,\n4,d,Cold\n',
  );
  await home.objects.put('inbox', 'in/1.csv', 'id,name,rating\n5,e,Hot\n6,f,Gone\n7,g,Warm\n');
  expect(await home.run(flow, { name: id })).toHaveProperty('output');
  return home;
}

function flowTo(
  output: Parameters<typeof s3Flow>[0]['output'],
  more: Partial<Parameters<typeof s3Flow>[0]> = {},
): FlowDefinition {
  return s3Flow({
    fields: { name: 'name', rating: 'rating' },
    output: output ?? {},
    tasks: [
      {
        taskType: 'Map',
        sourceFields: ['id'],
        connectorOperator: { S3: 'NO_OP' },
        destinationField: 'id',
        taskProperties: { SOURCE_DATA_TYPE: 'string', DESTINATION_DATA_TYPE: 'integer' },
      },
      {
        taskType: 'Validate',
        sourceFields: ['rating'],
        connectorOperator: { S3: 'VALIDATE_NON_NULL' },
        taskProperties: { VALIDATION_ACTION: 'DropRecord' },
      },
      {
        taskType: 'Filter',
        sourceFields: ['rating'],
        connectorOperator: { S3: 'NOT_EQUAL_TO' },
        taskProperties: { DATA_TYPE: 'string', VALUE: 'Gone' },
      },
    ],
    ...more,
  });
}

/** The type of the integer is only told where types are kept. */
const typed = { preserveSourceDataTyping: true };

async function verified(home: MemoryHome, signer?: Signer): Promise<Verification> {
  const run = await home.state.get<Run>(runKey(id), 'RUN');
  if (!run) throw new Error('there is no run');
  const ports = home.ports(s3Flow({ fields }));
  return verifyRun(run.data, signer ? { ...ports, signer } : ports);
}

const body = (home: MemoryHome, bucket: string, key: string): Buffer => {
  const stored = home.objects.stored(bucket, key);
  if (!stored) throw new Error(`there is no ${key}`);
  return stored.body;
};

function certificateOf(home: MemoryHome): SignedCertificate {
  return JSON.parse(body(home, stateBucket, `runs/orders/${id}/certificate.json`).toString());
}

const first = (home: MemoryHome): string => home.objects.keys('lake')[0] ?? '';

describe.each([
  ['JSON Lines, a file a page', flowTo({ ...executionId })],
  [
    'JSON Lines, one file, without a folder of the run',
    flowTo({ aggregationConfig: { aggregationType: 'SingleFile' } }),
  ],
  ['JSON Lines, partitioned', flowTo({ ...executionId }, { partition: ['rating'] })],
  ['CSV with quotes and line breaks', flowTo({ fileType: 'CSV', ...executionId })],
  [
    'CSV, one file a partition',
    flowTo(
      { fileType: 'CSV', aggregationConfig: { aggregationType: 'SingleFile' } },
      { partition: ['rating'] },
    ),
  ],
  [
    'Parquet of several row groups',
    flowTo({ fileType: 'PARQUET', ...typed, aggregationConfig: { aggregationType: 'SingleFile' } }),
  ],
  [
    'Parquet by target size, partitioned',
    flowTo(
      { fileType: 'PARQUET', ...typed, aggregationConfig: { targetFileSize: 1 } },
      { partition: ['rating'] },
    ),
  ],
  [
    'Parquet with GZIP',
    flowTo({ fileType: 'PARQUET', ...typed }, { more: { tributary: { compression: 'GZIP' } } }),
  ],
  [
    'Parquet, not compressed',
    flowTo({ fileType: 'PARQUET', ...typed }, { more: { tributary: { compression: 'UNCOMPRESSED' } } }),
  ],
])('%s', (_, flow) => {
  let home: MemoryHome;
  let key: string;
  beforeEach(async () => {
    home = await runOf(flow);
    key = first(home);
  });

  it('holds', async () => {
    const { difference, records, objects } = await verified(home);
    expect(difference).toBeUndefined();
    expect(records).toBe(7);
    // The quarantine is one of them.
    expect(objects).toBe(home.objects.keys('lake').length + 1);
  });

  it('does not hold when a byte is another', async () => {
    const changed = Buffer.from(body(home, 'lake', key));
    const middle = Math.floor(changed.length / 2);
    changed[middle] = (changed[middle] ?? 0) ^ 1;
    await home.objects.put('lake', key, changed);
    const { difference } = await verified(home);
    expect(difference?.at).toBe(`s3://lake/${key}`);
    expect(difference?.expected).toMatch(/^\d records, \d+ bytes, SHA-256 [0-9a-f]{64} of bytes \d+ to \d+$/);
    expect(difference?.got).toMatch(/ \d+ bytes, SHA-256 [0-9a-f]{64} of bytes \d+ to \d+$/);
    expect(difference?.got).not.toBe(difference?.expected);
  });

  it('does not hold when the object is cut short', async () => {
    const whole = body(home, 'lake', key);
    await home.objects.put('lake', key, whole.subarray(0, -1));
    const { difference } = await verified(home);
    expect(difference).toMatchObject({
      at: `s3://lake/${key}`,
      expected: expect.stringContaining(` ${whole.length} bytes`),
      got: expect.stringContaining(` ${whole.length - 1} bytes`),
    });
  });

  it('does not hold when the object is gone', async () => {
    await home.objects.delete('lake', [key]);
    expect((await verified(home)).difference).toMatchObject({
      at: `s3://lake/${key}`,
      expected: expect.stringMatching(/^\d records, \d+ bytes$/),
      got: 'no such object',
    });
  });

  it('does not hold when an object is there that the run has not written', async () => {
    const forged = key.replace(/[^/]*$/, (name) => (key.includes(`/${id}/`) ? 'forged' : `${name}-forged`));
    await home.objects.put('lake', forged, 'x');
    expect((await verified(home)).difference).toEqual({
      at: `s3://lake/${forged}`,
      expected: 'no such object',
      got: '1 bytes',
    });
  });
});

describe('a dropped row', () => {
  it('of JSON Lines is told with the number of records', async () => {
    const home = await runOf(flowTo({ aggregationConfig: { aggregationType: 'SingleFile' } }));
    const key = first(home);
    const lines = body(home, 'lake', key).toString().split('\n');
    await home.objects.put('lake', key, lines.filter((line) => !line.includes('"Cold"')).join('\n'));
    expect((await verified(home)).difference).toMatchObject({
      expected: expect.stringMatching(/^5 records, /),
      got: expect.stringMatching(/^4 records, /),
    });
  });

  it('of CSV is told with the number of records', async () => {
    const home = await runOf(
      flowTo({ fileType: 'CSV', aggregationConfig: { aggregationType: 'SingleFile' } }),
    );
    const key = first(home);
    const text = body(home, 'lake', key).toString();
    await home.objects.put('lake', key, text.replace('4,d,Cold\n', ''));
    expect((await verified(home)).difference).toMatchObject({
      expected: expect.stringMatching(/^6 records, /),
      got: expect.stringMatching(/^5 records, /),
    });
  });

  it('of the quarantine is told as well', async () => {
    const home = await runOf(flowTo({}));
    const key = `runs/orders/${id}/errors-1.json`;
    const [line = ''] = body(home, stateBucket, key).toString().split('\n');
    await home.objects.put(stateBucket, key, `${line}\n`);
    expect((await verified(home)).difference).toMatchObject({
      at: `s3://${stateBucket}/${key}`,
      expected: expect.stringMatching(/^2 records, /),
      got: expect.stringMatching(/^1 records, /),
    });
  });
});

describe('the certificate', () => {
  const certificateKey = `runs/orders/${id}/certificate.json`;
  const at = `s3://${stateBucket}/${certificateKey}`;

  it('says what became of every record, by task and by reason', async () => {
    const home = await runOf(flowTo({ fileType: 'PARQUET', ...typed }));
    const { certificate, signature } = certificateOf(home);
    expect(certificate).toMatchObject({
      executionId: id,
      flowName: 'orders',
      flowFingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      version: '0.1.0',
      startedAt: '2026-02-03T10:15:00.000Z',
      window: { start: null, end: '2026-02-03T10:15:00.000Z' },
      schemaVersion: 1,
      splits: 2,
      pages: 2,
      counts: {
        received: 8,
        written: 5,
        filtered: 2,
        rejected: 1,
        outOfWindow: 0,
        duplicates: 0,
        skipped: 0,
      },
      filteredByTask: { '2': 1, '3': 1 },
      rejectedByReason: { 'id: a text that cannot be converted to Integer': 1 },
      output: { fileType: 'PARQUET', objects: 2, records: 5 },
      quarantine: { records: 2 },
    });
    expect(signature).toMatchObject({ algorithm: 'ECDSA_SHA_256', key: 'test' });
  });

  it.each([
    ['a count', (one: SignedCertificate) => ({ ...one, certificate: { ...one.certificate, pages: 3 } })],
    [
      'the signature',
      (one: SignedCertificate) => ({
        ...one,
        signature: { ...one.signature, value: `AAAA${one.signature.value.slice(4)}` },
      }),
    ],
  ])('does not hold when %s was edited', async (_, edit) => {
    const home = await runOf(flowTo({}));
    await home.objects.put(stateBucket, certificateKey, JSON.stringify(edit(certificateOf(home))));
    expect((await verified(home)).difference).toEqual({
      at,
      expected: 'what test has signed',
      got: 'another content, or another signature',
    });
  });

  it('does not hold under another key', async () => {
    const home = await runOf(flowTo({}));
    expect((await verified(home, testSigner('other'))).difference).toEqual({
      at,
      expected: 'what other has signed',
      got: 'the signature of test',
    });
  });

  it('of another run does not hold, and neither does what is none', async () => {
    const home = await runOf(flowTo({}));
    const own = certificateOf(home);
    const other = '00000000-0000-4000-8000-000000000002';
    await home.run(flowTo({}), { name: other });
    const theirs = body(home, stateBucket, `runs/orders/${other}/certificate.json`);
    await home.objects.put(stateBucket, certificateKey, theirs);
    expect((await verified(home)).difference).toEqual({
      at,
      expected: `run ${id} of flow orders`,
      got: `run ${other} of flow orders`,
    });
    await home.objects.put(stateBucket, certificateKey, '{}');
    expect((await verified(home)).difference).toMatchObject({ at, expected: 'the certificate of the run' });
    await home.objects.delete(stateBucket, [certificateKey]);
    expect((await verified(home)).difference).toMatchObject({ at, got: 'no such object' });
    expect(own.certificate.executionId).toBe(id);
  });

  it('does not hold when the manifest was edited or is gone', async () => {
    const home = await runOf(flowTo({}));
    const key = `runs/orders/${id}/manifest.jsonl`;
    const at = `s3://${stateBucket}/${key}`;
    const manifest = body(home, stateBucket, key).toString();
    const edited = async (text: string) => {
      await home.objects.put(stateBucket, key, text);
      return (await verified(home)).difference;
    };
    expect(await edited(manifest.replace(/"rows":\d+/, '"rows":9'))).toEqual({
      at,
      expected: `the list of objects with SHA-256 ${certificateOf(home).certificate.manifestHash}`,
      got: expect.stringMatching(/^the list of objects with SHA-256 [0-9a-f]{64}$/),
    });
    expect(await edited(manifest.replace(/"sha256":"./, '"sha256":"?'))).toMatchObject({
      at,
      got: `another SHA-256 of a stretch of s3://lake/${first(home)}`,
    });
    expect(await edited(manifest.slice(0, -10))).toMatchObject({ at, got: 'what is no manifest' });
    expect(await edited(manifest)).toBeUndefined();
    await home.objects.delete(stateBucket, [key]);
    expect((await verified(home)).difference).toMatchObject({ at, got: 'no such object' });
  });

  it('is none of a run that wrote nothing', async () => {
    const home = memoryHome({ buckets: ['inbox', 'lake'] });
    await home.objects.put('inbox', 'in/0.csv', 'id,name,rating\n1,a,Hot\n');
    await home.run(flowTo({}), { name: id, input: { parameters: { dryRun: true } } });
    await expect(verified(home)).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('got a dry run'),
    });
    expect(home.objects.keys(stateBucket)).not.toContain(certificateKey);
  });

  it('of a run without records holds', async () => {
    const home = memoryHome({ buckets: ['inbox', 'lake'] });
    await home.objects.put('inbox', 'in/0.csv', 'id,name,rating\n');
    await home.run(flowTo({}), { name: id });
    expect(await verified(home)).toMatchObject({ difference: undefined, objects: 0, records: 0 });
  });

  it('that cannot be signed fails the run before anything of it is visible', async () => {
    const home = memoryHome({ buckets: ['inbox', 'lake'] });
    await home.objects.put('inbox', 'in/0.csv', 'id,name,rating\n1,a,Hot\n');
    home.hook = (call) => {
      if (call === 'signer.sign') throw new Error('no key');
    };
    expect(await home.run(flowTo({}), { name: id })).toHaveProperty('error');
    expect(home.objects.keys('lake')).toEqual([]);
    expect((await home.state.get<Run>(runKey(id), 'RUN'))?.data.status).toBe('Error');
  });
});
