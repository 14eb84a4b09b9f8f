import { ERRORS, type ErrorCode, type Problem } from '#api-schema';
import { PaymentProviderUnavailableError, PaymentRefusedError } from '#billing/api';
import { ClusterConflictError, ClusterStateUnavailableError } from '#cluster/api';
import { isDatabaseUnavailable } from '#database';
import type { DirectoryError } from '#directory/api';
import type { Result } from '#stdx';

/** Why a request is refused, in the API's own words. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly detail?: string;
  readonly errors?: Problem['errors'];
}

/** What a use case of the API comes to. */
export type Reply<T> = Result<T, Refusal | DirectoryError>;

/** A refusal on its way to the filter, from where there is no reply to put it in. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';
  constructor(
    readonly refusal: Refusal,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(refusal.detail ?? refusal.code);
  }
}

type What = Extract<DirectoryError, { code: 'notFound' }>['what'];
const NOT_FOUND: Readonly<Record<What, ErrorCode>> = {
  partner: 'partner_not_found',
  domain: 'domain_not_found',
  account: 'account_not_found',
  accountToken: 'account_token_not_found',
  alias: 'alias_not_found',
  apiKey: 'api_key_not_found',
  cluster: 'cluster_not_found',
  volume: 'volume_not_found',
};

/** The one place where the directory's refusals become the API's. */
export function refusalOf(error: Refusal | DirectoryError): Refusal {
  switch (error.code) {
    case 'notFound':
      return { code: NOT_FOUND[error.what] };
    case 'conflict':
      return 'what' in error ? { code: 'conflict', detail: error.what } : error;
    case 'invalid':
      return { code: 'invalid_value', errors: [{ field: error.field, reason: error.reason }] };
    case 'stale':
      return { code: 'version_mismatch' };
    case 'forbidden':
      return 'what' in error ? { code: 'forbidden', detail: error.what } : error;
    case 'limit':
      return { code: 'limit_reached', detail: error.what };
    case 'noVolume':
      return { code: 'no_volume' };
    default:
      return error;
  }
}

/** What was thrown, as a refusal; `undefined` for faults of ours, which the caller logs. */
export function refusalOfThrown(error: unknown): Refusal | undefined {
  if (error instanceof RefusalError) return error.refusal;
  if (error instanceof ClusterConflictError) return { code: 'conflict', detail: error.message };
  if (error instanceof PaymentRefusedError) return { code: 'payment_refused', detail: error.message };
  if (error instanceof PaymentProviderUnavailableError) return { code: 'provider_unavailable' };
  if (error instanceof ClusterStateUnavailableError || isDatabaseUnavailable(error)) return { code: 'unavailable' };
  return bodyRefusal(error);
}

/** What express's JSON parser throws: RFC 9110 §15.5.14 for size, a syntax error otherwise. */
function bodyRefusal(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('type' in error)) return undefined;
  switch (error.type) {
    case 'entity.too.large':
      return { code: 'body_too_large' };
    case 'entity.parse.failed':
    case 'request.size.invalid':
    case 'request.aborted':
      return { code: 'malformed_json' };
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return { code: 'unsupported_media_type', detail: error.message };
    default:
      return undefined;
  }
}

export function problemOf(refusal: Refusal, requestId: string): Problem {
  const { status, title } = ERRORS[refusal.code];
  return {
    type: `/api/docs#${refusal.code}`,
    title,
    status,
    code: refusal.code,
    ...(refusal.detail === undefined ? {} : { detail: refusal.detail }),
    requestId,
    ...(refusal.errors ? { errors: refusal.errors } : {}),
  };
}
