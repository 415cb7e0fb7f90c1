import { type ErrorCode, TributaryError } from '../../core/errors.ts';

/** What the AWS SDK throws: a service's answer has `$metadata`, a failed connection has `code`. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $retryable?: { readonly throttling?: boolean };
  readonly code?: string;
}

const codes: Readonly<Record<string, ErrorCode>> = {
  NoSuchBucket: 'ResourceNotFoundError',
  NoSuchKey: 'ResourceNotFoundError',
  NoSuchUpload: 'ResourceNotFoundError',
  NotFound: 'ResourceNotFoundError',
  EntityNotFoundException: 'ResourceNotFoundError',
  ResourceNotFoundException: 'ResourceNotFoundError',
  ExecutionDoesNotExist: 'ResourceNotFoundError',
  StateMachineDoesNotExist: 'ResourceNotFoundError',
  AccessDenied: 'AccessDenied',
  AccessDeniedException: 'AccessDenied',
  KMSAccessDeniedException: 'AccessDenied',
  // A key that is disabled or about to be deleted: of S3, with the prefix of the service behind it, and of KMS itself.
  'KMS.DisabledException': 'AccessDenied',
  'KMS.KMSInvalidStateException': 'AccessDenied',
  DisabledException: 'AccessDenied',
  KMSInvalidStateException: 'AccessDenied',
  'KMS.NotFoundException': 'ResourceNotFoundError',
  NotFoundException: 'ResourceNotFoundError',
  // Of Glue: a quota of the account, which no waiting refills.
  ResourceNumberLimitExceededException: 'ClientError',
  Forbidden: 'AccessDenied',
  CredentialsProviderError: 'InvalidCredentials',
  ExpiredToken: 'InvalidCredentials',
  ExpiredTokenException: 'InvalidCredentials',
  InvalidAccessKeyId: 'InvalidCredentials',
  SignatureDoesNotMatch: 'InvalidCredentials',
  UnrecognizedClientException: 'InvalidCredentials',
  // The clocks differ by more than AWS allows, which answers 403.
  RequestTimeTooSkewed: 'InvalidCredentials',
  RequestExpired: 'InvalidCredentials',
  InvalidSignatureException: 'InvalidCredentials',
  ConditionalCheckFailedException: 'StateConflict',
  TransactionConflictException: 'StateConflict',
  ConcurrentModificationException: 'StateConflict',
  VersionMismatchException: 'StateConflict',
  ProvisionedThroughputExceededException: 'StorageUnavailable',
  TransactionInProgressException: 'StorageUnavailable',
  OperationTimeoutException: 'StorageUnavailable',
  TimeoutError: 'StorageUnavailable',
  SlowDown: 'StorageUnavailable',
};

const fixes: Partial<Record<ErrorCode, (action: string) => string>> = {
  AccessDenied: (action) =>
    `allow ${action} to the role of this function, and look for a deny in the resource's own policy or its KMS key's`,
  InvalidCredentials: () => 'sign in to AWS again, or mend the credentials of this process',
};

/**
 * An error of an AWS call in the words of the taxonomy. Whatever did not come from AWS (a bug of ours, an error that is
 * one of the taxonomy already) is handed back as it is.
 *
 * @param action the IAM action that the call needs, e.g. `s3:GetObject`
 * @param at the resource: `s3://bucket/key`, a table's name …
 */
export function awsError(error: unknown, action: string, at: string): unknown {
  if (!(error instanceof Error) || error instanceof TributaryError) return error;
  const { $metadata, $retryable, code: socketCode, name, message } = error as SdkError;
  const code = Object.hasOwn(codes, name) ? codes[name] : byStatus();
  if (code === undefined) return error;
  return new TributaryError(
    code,
    message && message !== 'UnknownError' ? `${action} failed: ${message}` : `${action} failed`,
    {
      at,
      ...($metadata?.httpStatusCode !== undefined && { status: $metadata.httpStatusCode }),
      vendorCode: name === 'Error' && socketCode !== undefined ? socketCode : name,
      ...($metadata?.requestId !== undefined && { requestId: $metadata.requestId }),
      ...(fixes[code] && { fix: fixes[code](action) }),
      cause: error,
    },
  );

  function byStatus(): ErrorCode | undefined {
    const status = $metadata?.httpStatusCode;
    if ($retryable?.throttling || /throttl|limitexceeded|toomanyrequests/i.test(name))
      return 'StorageUnavailable';
    if (status === undefined)
      return $metadata || /^E[A-Z]+$/.test(socketCode ?? '') ? 'StorageUnavailable' : undefined;
    if (status === 429 || status >= 500 || status < 300) return 'StorageUnavailable';
    if (status === 403) return 'AccessDenied';
    if (status === 404) return 'ResourceNotFoundError';
    return 'ClientError';
  }
}

/** Makes one AWS call; its failure is thrown as `awsError` puts it. */
export async function awsCall<T>(action: string, at: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsError(error, action, at);
  }
}

/** Whether AWS answered with an error of this name (`NoSuchKey`) or, for answers without a body, this status. */
export function isAwsError(error: unknown, ...namesOrStatus: (string | number)[]): boolean {
  if (!(error instanceof Error)) return false;
  const { name, $metadata } = error as SdkError;
  return namesOrStatus.some((given) => given === name || given === $metadata?.httpStatusCode);
}
