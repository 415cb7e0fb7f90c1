import { describe, expect, it } from 'vitest';
import { TributaryError } from '../../../core/errors.ts';
import { awsError, isAwsError } from '../../../lambdas/aws/errors.ts';
import { serviceError } from '../../support/fake-client.ts';

const map = (error: unknown) => awsError(error, 's3:GetObject', 's3://lake/a');

describe('awsError', () => {
  it.each([
    ['NoSuchBucket', 404, 'ResourceNotFoundError'],
    ['EntityNotFoundException', 400, 'ResourceNotFoundError'],
    ['AccessDenied', 403, 'AccessDenied'],
    ['AccessDeniedException', 400, 'AccessDenied'],
    ['ExpiredToken', 400, 'InvalidCredentials'],
    ['ConditionalCheckFailedException', 400, 'StateConflict'],
    ['ConcurrentModificationException', 400, 'StateConflict'],
    ['ThrottlingException', 400, 'StorageUnavailable'],
    ['ProvisionedThroughputExceededException', 400, 'StorageUnavailable'],
    ['RequestLimitExceeded', 400, 'StorageUnavailable'],
    ['SlowDown', 503, 'StorageUnavailable'],
    ['InternalError', 500, 'StorageUnavailable'],
    ['TooManyRequestsException', 429, 'StorageUnavailable'],
    ['ValidationException', 400, 'ClientError'],
    ['SomethingNew', 403, 'AccessDenied'],
    ['SomethingNew', 404, 'ResourceNotFoundError'],
  ])('%s (%i) is %s', (name, status, code) => {
    expect(map(serviceError(name, status))).toMatchObject({ name: code, code });
  });

  it('names the action, the resource, the request and the way out', () => {
    const { message } = map(serviceError('AccessDenied', 403, 'no policy allows it')) as Error;
    expect(message).toBe(
      "s3://lake/a: s3:GetObject failed: no policy allows it (status 403, code AccessDenied, request r-1); allow s3:GetObject to the role of this function, and look for a deny in the resource's own policy or its KMS key's",
    );
  });

  it('takes a broken connection for a passing fault', () => {
    const reset = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    expect(map(reset)).toMatchObject({ code: 'StorageUnavailable', context: { vendorCode: 'ECONNRESET' } });
  });

  it('leaves what did not come from AWS alone', () => {
    const bug = new TypeError('x is not a function');
    const ours = new TributaryError('FencedOut', 'another run holds the slot');
    expect(map(bug)).toBe(bug);
    expect(map(ours)).toBe(ours);
  });
});

describe('isAwsError', () => {
  it('compares names and statuses', () => {
    const error = serviceError('NotFound', 404);
    expect(isAwsError(error, 'NoSuchKey', 404)).toBe(true);
    expect(isAwsError(error, 'NotFound')).toBe(true);
    expect(isAwsError(error, 'NoSuchKey', 403)).toBe(false);
    expect(isAwsError('NotFound', 'NotFound')).toBe(false);
  });
});
