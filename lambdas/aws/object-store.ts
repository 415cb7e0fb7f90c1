import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { TributaryError } from '../../core/errors.ts';
import type { ObjectBody, ObjectStore, PutOptions, UploadedPart } from '../../core/ports.ts';
import { awsCall, awsError, isAwsError } from './errors.ts';

/** Keys in one DeleteObjects call: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
const deleteBatch = 1000;

/**
 * Amazon S3. The client is to be made with `requestChecksumCalculation: 'WHEN_REQUIRED'`: a part sent with a CRC into
 * an upload begun without one is refused by S3, so bodies carry Content-MD5, which S3 checks as well.
 */
export function s3ObjectStore(client: S3Client): ObjectStore {
  async function get(
    bucket: string,
    key: string,
    range: string | undefined,
    ifMatch: string | undefined,
  ): Promise<NonNullable<GetObjectCommandOutput['Body']>> {
    const at = uri(bucket, key);
    try {
      const { Body } = await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: key, Range: range, IfMatch: ifMatch }),
      );
      if (!Body) throw new TributaryError('StorageUnavailable', 'S3 answered without a body', { at });
      return Body;
    } catch (error) {
      if (isAwsError(error, 'PreconditionFailed', 412)) throw changed(at, error);
      throw awsError(error, 's3:GetObject', at);
    }
  }

  return {
    async read(bucket, key, { range, ifMatch } = {}) {
      if (range && range.end <= range.start) return new Uint8Array();
      const body = await get(bucket, key, range && `bytes=${range.start}-${range.end - 1}`, ifMatch);
      return awsCall('s3:GetObject', uri(bucket, key), () => body.transformToByteArray());
    },

    async stream(bucket, key, { start = 0, ifMatch } = {}) {
      const body = await get(bucket, key, start > 0 ? `bytes=${start}-` : undefined, ifMatch);
      if (!(body instanceof Readable)) throw new TypeError('the S3 client of Node answers with a Readable');
      return body;
    },

    async head(bucket, key) {
      try {
        const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return {
          bucket,
          key,
          size: found.ContentLength ?? 0,
          etag: found.ETag ?? '',
          lastModified: found.LastModified?.getTime() ?? 0,
          metadata: found.Metadata ?? {},
        };
      } catch (error) {
        if (!isAwsError(error, 'NotFound', 'NoSuchKey', 404))
          throw awsError(error, 's3:GetObject', uri(bucket, key));
        // HEAD has no body to tell a missing key from a missing bucket.
        if (await bucketExists(client, bucket)) return undefined;
        throw noBucket(bucket);
      }
    },

    async *list(bucket, prefix) {
      let token: string | undefined;
      do {
        const page = await awsCall('s3:ListBucket', uri(bucket, prefix), () =>
          client.send(
            // A key may hold characters that XML cannot: they only come through encoded.
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              ContinuationToken: token,
              EncodingType: 'url',
            }),
          ),
        );
        for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
          if (Key === undefined) continue;
          yield {
            bucket,
            key: page.EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key,
            size: Size ?? 0,
            etag: ETag ?? '',
            lastModified: LastModified?.getTime() ?? 0,
          };
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },

    async put(bucket, key, body, options = {}) {
      const bytes = joined(body);
      try {
        const { ETag } = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: bytes,
            ContentMD5: md5(bytes),
            ...(options.ifAbsent && { IfNoneMatch: '*' }),
            ...attributes(options),
          }),
        );
        return { etag: ETag ?? '' };
      } catch (error) {
        // 409: another conditional write of the same key was under way.
        if (
          options.ifAbsent &&
          isAwsError(error, 'PreconditionFailed', 412, 'ConditionalRequestConflict', 409)
        )
          throw new TributaryError('StateConflict', 'the object exists already', {
            at: uri(bucket, key),
            cause: error,
          });
        throw awsError(error, 's3:PutObject', uri(bucket, key));
      }
    },

    async delete(bucket, keys) {
      for (let i = 0; i < keys.length; i += deleteBatch) {
        const Objects = keys.slice(i, i + deleteBatch).map((Key) => ({ Key }));
        const { Errors = [] } = await awsCall('s3:DeleteObject', uri(bucket, Objects[0]?.Key ?? ''), () =>
          client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } })),
        );
        const [first] = Errors;
        if (first) {
          const error = Object.assign(new Error(first.Message ?? ''), {
            name: first.Code ?? 'InternalError',
            $metadata: { httpStatusCode: first.Code === 'InternalError' ? 500 : 400 },
          });
          throw awsError(error, 's3:DeleteObject', uri(bucket, first.Key ?? ''));
        }
      }
    },

    async startUpload(bucket, key, options = {}) {
      const at = uri(bucket, key);
      if (options.ifAbsent)
        throw new TributaryError('InvalidArgument', 'ifAbsent goes with put', {
          at,
          fix: 'use put, or leave it out',
        });
      const { UploadId } = await awsCall('s3:PutObject', at, () =>
        client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ...attributes(options) })),
      );
      if (!UploadId)
        throw new TributaryError('StorageUnavailable', 'S3 answered without an upload id', { at });
      return UploadId;
    },

    async uploadPart({ bucket, key, uploadId }, part, body) {
      const bytes = joined(body);
      const { ETag } = await awsCall('s3:PutObject', uri(bucket, key), () =>
        client.send(
          new UploadPartCommand({
            Bucket: bucket,
            Key: key,
            UploadId: uploadId,
            PartNumber: part,
            Body: bytes,
            ContentMD5: md5(bytes),
          }),
        ),
      );
      return { part, etag: ETag ?? '', size: bytes.length };
    },

    async copyPart({ bucket, key, uploadId }, part, source) {
      const { start, end } = source.range;
      const { CopyPartResult } = await awsCall(
        's3:GetObject on the source and s3:PutObject',
        `${uri(source.bucket, source.key)} to ${uri(bucket, key)}`,
        () =>
          client.send(
            new UploadPartCopyCommand({
              Bucket: bucket,
              Key: key,
              UploadId: uploadId,
              PartNumber: part,
              CopySource: `${source.bucket}/${source.key.split('/').map(encodeURIComponent).join('/')}`,
              CopySourceRange: `bytes=${start}-${end - 1}`,
            }),
          ),
      );
      return { part, etag: CopyPartResult?.ETag ?? '', size: end - start };
    },

    async listParts({ bucket, key, uploadId }) {
      const parts: UploadedPart[] = [];
      let marker: string | undefined;
      try {
        do {
          const page = await client.send(
            new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId, PartNumberMarker: marker }),
          );
          for (const { PartNumber, ETag, Size } of page.Parts ?? [])
            parts.push({ part: PartNumber ?? 0, etag: ETag ?? '', size: Size ?? 0 });
          marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
        } while (marker !== undefined);
      } catch (error) {
        if (isAwsError(error, 'NoSuchUpload')) return undefined;
        throw awsError(error, 's3:ListMultipartUploadParts', uri(bucket, key));
      }
      return parts;
    },

    async *listUploads(bucket, prefix) {
      let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
      while (after) {
        const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
          Bucket: bucket,
          Prefix: prefix,
          EncodingType: 'url',
          ...after,
        });
        const page: ListMultipartUploadsCommandOutput = await awsCall(
          's3:ListBucketMultipartUploads',
          uri(bucket, prefix),
          () => client.send(command),
        );
        const plain = (text: string) =>
          page.EncodingType === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text;
        for (const { Key, UploadId } of page.Uploads ?? [])
          if (Key !== undefined && UploadId) yield { bucket, key: plain(Key), uploadId: UploadId };
        after = page.IsTruncated
          ? { KeyMarker: plain(page.NextKeyMarker ?? ''), UploadIdMarker: page.NextUploadIdMarker }
          : undefined;
      }
    },

    async completeUpload({ bucket, key, uploadId }, parts) {
      await awsCall('s3:PutObject', uri(bucket, key), () =>
        client.send(
          new CompleteMultipartUploadCommand({
            Bucket: bucket,
            Key: key,
            UploadId: uploadId,
            MultipartUpload: { Parts: parts.map(({ part, etag }) => ({ PartNumber: part, ETag: etag })) },
          }),
        ),
      );
    },

    async abortUpload({ bucket, key, uploadId }) {
      try {
        await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
      } catch (error) {
        if (!isAwsError(error, 'NoSuchUpload', 'NoSuchBucket'))
          throw awsError(error, 's3:AbortMultipartUpload', uri(bucket, key));
      }
    },

    bucketExists: (bucket) => bucketExists(client, bucket),
  };
}

async function bucketExists(client: S3Client, bucket: string): Promise<boolean> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if (isAwsError(error, 'NotFound', 'NoSuchBucket', 404)) return false;
    throw awsError(error, 's3:ListBucket', `s3://${bucket}`);
  }
}

function uri(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}

function noBucket(bucket: string): TributaryError {
  return new TributaryError('ResourceNotFoundError', 'the bucket does not exist', {
    at: `s3://${bucket}`,
    fix: 'create it or mend bucketName',
  });
}

function changed(at: string, cause: unknown): TributaryError {
  return new TributaryError('SourceDataInvalid', 'the object changed while being read', {
    at,
    fix: 'run the flow again; write new objects under new keys rather than over old ones',
    cause,
  });
}

function joined(body: ObjectBody): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body);
  return body instanceof Uint8Array ? body : Buffer.concat(body);
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}

function attributes({ contentType, metadata, encryption }: PutOptions) {
  return {
    ...(contentType !== undefined && { ContentType: contentType }),
    ...(metadata && { Metadata: { ...metadata } }),
    ...(encryption && {
      ServerSideEncryption: 'aws:kms' as const,
      SSEKMSKeyId: encryption.kmsKeyArn,
      BucketKeyEnabled: true,
    }),
  };
}
