import type { S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import type { ObjectInfo } from '../../../core/ports.ts';
import { s3ObjectStore } from '../../../lambdas/aws/object-store.ts';
import { type Call, fakeClient, serviceError } from '../../support/fake-client.ts';

function store(answers: Parameters<typeof fakeClient>[0]) {
  const { client, calls } = fakeClient<S3Client>(answers);
  return { objects: s3ObjectStore(client), calls };
}
const inputs = (calls: Call[], command: string) =>
  calls.filter((call) => call.command === command).map((call) => call.input);
const body = { Body: { transformToByteArray: async () => new Uint8Array([1, 2]) } };

describe('reading', () => {
  it('asks for a half-open range in the closed form of HTTP', async () => {
    const { objects, calls } = store({ GetObject: body });
    await objects.read('lake', 'a', { range: { start: 10, end: 20 }, ifMatch: '"e"' });
    expect(inputs(calls, 'GetObject')).toEqual([
      { Bucket: 'lake', Key: 'a', Range: 'bytes=10-19', IfMatch: '"e"' },
    ]);
  });

  it('answers an empty range itself: S3 has no way to ask for it', async () => {
    const { objects, calls } = store({});
    expect(await objects.read('lake', 'a', { range: { start: 5, end: 5 } })).toEqual(new Uint8Array());
    expect(calls).toEqual([]);
  });

  it('tells that an object changed while being read', async () => {
    const { objects } = store({ GetObject: serviceError('PreconditionFailed', 412) });
    await expect(objects.stream('lake', 'a', { ifMatch: '"e"' })).rejects.toMatchObject({
      code: 'SourceDataInvalid',
      message: expect.stringContaining('s3://lake/a: the object changed while being read'),
    });
  });

  it('tells a missing key from a missing bucket, which HEAD does not', async () => {
    const missing = serviceError('NotFound', 404);
    const key = store({ HeadObject: missing, HeadBucket: {} });
    expect(await key.objects.head('lake', 'a')).toBeUndefined();
    const bucket = store({ HeadObject: missing, HeadBucket: missing });
    await expect(bucket.objects.head('lake', 'a')).rejects.toMatchObject({
      code: 'ResourceNotFoundError',
      message: 's3://lake: the bucket does not exist; create it or mend bucketName',
    });
  });

  it('lists all pages and decodes keys, which come encoded', async () => {
    const at = new Date(5);
    const { objects, calls } = store({
      ListObjectsV2: [
        {
          EncodingType: 'url',
          Contents: [{ Key: 'a+b%2Bc%01', Size: 1, ETag: '"1"', LastModified: at }],
          NextContinuationToken: 't',
        },
        { EncodingType: 'url', Contents: [{ Key: 'z', Size: 2, ETag: '"2"', LastModified: at }] },
      ],
    });
    const found: ObjectInfo[] = [];
    for await (const object of objects.list('lake', 'a')) found.push(object);
    expect(found).toEqual([
      { bucket: 'lake', key: 'a b+c\u0001', size: 1, etag: '"1"', lastModified: 5 },
      { bucket: 'lake', key: 'z', size: 2, etag: '"2"', lastModified: 5 },
    ]);
    expect(inputs(calls, 'ListObjectsV2').map((input) => input.ContinuationToken)).toEqual([undefined, 't']);
  });
});

describe('writing', () => {
  it('sends the MD5 for S3 to check, and the key of the flow with a bucket key', async () => {
    const { objects, calls } = store({ PutObject: { ETag: '"e"' } });
    await objects.put('lake', 'a', 'hello', {
      contentType: 'text/csv',
      encryption: { kmsKeyArn: 'arn:key' },
      metadata: { hash: 'h' },
    });
    expect(inputs(calls, 'PutObject')).toEqual([
      {
        Bucket: 'lake',
        Key: 'a',
        Body: Buffer.from('hello'),
        ContentMD5: 'XUFAKrxLKna5cZ2REBfFkg==',
        ContentType: 'text/csv',
        Metadata: { hash: 'h' },
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: 'arn:key',
        BucketKeyEnabled: true,
      },
    ]);
  });

  it('joins a body in pieces, so that the client can send it again', async () => {
    const { objects, calls } = store({ PutObject: { ETag: '"e"' }, UploadPart: { ETag: '"p"' } });
    const pieces = [Buffer.from('hel'), Buffer.from('lo')];
    await objects.put('lake', 'a', pieces);
    const upload = { bucket: 'lake', key: 'a', uploadId: 'u' };
    expect(await objects.uploadPart(upload, 1, pieces)).toEqual({ part: 1, etag: '"p"', size: 5 });
    const sent = {
      Bucket: 'lake',
      Key: 'a',
      Body: Buffer.from('hello'),
      ContentMD5: 'XUFAKrxLKna5cZ2REBfFkg==',
    };
    expect(inputs(calls, 'PutObject')).toEqual([sent]);
    expect(inputs(calls, 'UploadPart')).toEqual([{ ...sent, UploadId: 'u', PartNumber: 1 }]);
  });

  it.each([
    ['PreconditionFailed', 412],
    ['ConditionalRequestConflict', 409],
  ])('takes %s of a conditional write for a conflict', async (name, status) => {
    const { objects } = store({ PutObject: serviceError(name, status) });
    await expect(objects.put('lake', 'a', '', { ifAbsent: true })).rejects.toMatchObject({
      code: 'StateConflict',
    });
  });

  it('deletes 1,000 keys a call and reports a key that S3 refused', async () => {
    const keys = Array.from({ length: 1001 }, (_, index) => `k${index}`);
    const { objects, calls } = store({
      DeleteObjects: [{}, { Errors: [{ Key: 'k1000', Code: 'AccessDenied', Message: 'no' }] }],
    });
    await expect(objects.delete('lake', keys)).rejects.toMatchObject({
      code: 'AccessDenied',
      context: { at: 's3://lake/k1000' },
    });
    expect(
      inputs(calls, 'DeleteObjects').map((input) => (input.Delete as { Objects: unknown[] }).Objects.length),
    ).toEqual([1000, 1]);
  });
});

describe('uploads', () => {
  const upload = { bucket: 'lake', key: 'a', uploadId: 'u' };

  it('copies a range of a key that a URL could not hold', async () => {
    const { objects, calls } = store({ UploadPartCopy: { CopyPartResult: { ETag: '"p"' } } });
    const source = { bucket: 'state', key: 'segments/a#b/1 2+ü', range: { start: 0, end: 5_242_880 } };
    expect(await objects.copyPart(upload, 3, source)).toEqual({ part: 3, etag: '"p"', size: 5_242_880 });
    expect(inputs(calls, 'UploadPartCopy')).toEqual([
      {
        Bucket: 'lake',
        Key: 'a',
        UploadId: 'u',
        PartNumber: 3,
        CopySource: 'state/segments/a%23b/1%202%2B%C3%BC',
        CopySourceRange: 'bytes=0-5242879',
      },
    ]);
  });

  it('lists the parts of all pages, and nothing of an upload that is gone', async () => {
    const { objects } = store({
      ListParts: [
        {
          Parts: [{ PartNumber: 1, ETag: '"1"', Size: 5 }],
          IsTruncated: true,
          NextPartNumberMarker: '1',
        },
        { Parts: [{ PartNumber: 2, ETag: '"2"', Size: 6 }], IsTruncated: false },
      ],
    });
    expect(await objects.listParts(upload)).toEqual([
      { part: 1, etag: '"1"', size: 5 },
      { part: 2, etag: '"2"', size: 6 },
    ]);
    const gone = store({ ListParts: serviceError('NoSuchUpload', 404) });
    expect(await gone.objects.listParts(upload)).toBeUndefined();
  });

  it('lists the uploads of all pages, their keys decoded', async () => {
    const { objects, calls } = store({
      ListMultipartUploads: [
        {
          EncodingType: 'url',
          Uploads: [{ Key: 'out/%C3%BC+1', UploadId: 'u1' }],
          IsTruncated: true,
          NextKeyMarker: 'out/%C3%BC+1',
          NextUploadIdMarker: 'u1',
        },
        { EncodingType: 'url', Uploads: [{ Key: 'out/b', UploadId: 'u2' }], IsTruncated: false },
      ],
    });
    const found: object[] = [];
    for await (const one of objects.listUploads('lake', 'out/')) found.push(one);
    expect(found).toEqual([
      { bucket: 'lake', key: 'out/ü 1', uploadId: 'u1' },
      { bucket: 'lake', key: 'out/b', uploadId: 'u2' },
    ]);
    expect(inputs(calls, 'ListMultipartUploads')).toEqual([
      { Bucket: 'lake', Prefix: 'out/', EncodingType: 'url' },
      {
        Bucket: 'lake',
        Prefix: 'out/',
        EncodingType: 'url',
        KeyMarker: 'out/ü 1',
        UploadIdMarker: 'u1',
      },
    ]);
  });

  it('aborts an upload that is gone without an error', async () => {
    const { objects } = store({ AbortMultipartUpload: serviceError('NoSuchUpload', 404) });
    await expect(objects.abortUpload(upload)).resolves.toBeUndefined();
    const gone = store({ AbortMultipartUpload: serviceError('NoSuchBucket', 404) });
    await expect(gone.objects.abortUpload(upload)).resolves.toBeUndefined();
  });
});
