import type { S3ClientConfig } from '@aws-sdk/client-s3';

/** Of every SDK client: adaptive retries slow down with a service that throttles; connections are kept. */
export const clientConfig = {
  retryMode: 'adaptive',
  maxAttempts: 6,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000, httpsAgent: { maxSockets: 64 } },
} satisfies Omit<S3ClientConfig, 'region'>;

export const s3Config = {
  ...clientConfig,
  // See s3ObjectStore; and what is read is checked by ETag and SHA-256, not by CRC in JavaScript.
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
} satisfies S3ClientConfig;
