import type { ColdStorageErrorCode } from '#mailstore/api';

/** Why a request was not done; `status` 0: it was not answered. */
export interface S3Failure {
  readonly code: ColdStorageErrorCode;
  readonly status: number;
  /** For logs. */
  readonly text: string;
}

/**
 * What an answer means: `away` is worth another try. Codes in the body are S3's own, which other storage shares
 * (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
 */
export function failureOf(status: number, body: string): S3Failure {
  const code = /<Code>([A-Za-z0-9]{1,60})<\/Code>/.exec(body)?.[1] ?? '';
  return { code: meaningOf(status, code), status, text: code || 'no reason given' };
}

function meaningOf(status: number, code: string): ColdStorageErrorCode {
  if (status === 404) return code === 'NoSuchBucket' ? 'refused' : 'notFound';
  if (status === 412) return 'exists';
  // Two writers of one name at a time: the other one may come to nothing.
  if (status === 409) return 'away';
  if (status === 416) return 'damaged';
  if (status === 408 || status === 429 || (status >= 500 && status !== 501)) return 'away';
  // What arrived is not what was sent, or was not all of it.
  if (['BadDigest', 'XAmzContentSHA256Mismatch', 'IncompleteBody', 'RequestTimeout'].includes(code)) return 'away';
  return 'refused';
}
