/** Limits of AWS that a run could meet. Those of one request (100 partitions, 10 events) are kept in the code that sends it. */

/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
export const mostHistoryEvents = 25_000;
/** 256 KiB. */
export const mostPayloadBytes = 262_144;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const mostInvocationSeconds = 900;
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const mostParts = 10_000;
/** 5 TiB. */
export const mostObjectBytes = 5 * 2 ** 40;
