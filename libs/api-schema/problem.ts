import { z } from 'zod';

/**
 * Every refusal of the API: its stable code, HTTP status (RFC 9110 §15, RFC 6585) and title. `detail` of a problem says more;
 * programs act on `code` alone.
 */
export const ERRORS = {
  malformed_json: { status: 400, title: 'The body is not JSON.' },
  invalid_request: { status: 400, title: 'The request breaks the schema; `errors` says where.' },
  unauthenticated: { status: 401, title: 'A valid API key is needed: Authorization: Bearer rk_….' },
  spend_cap_reached: {
    status: 402,
    title:
      'The partner’s spending cap is reached: nothing that costs more is added until it is raised or the month ends.',
  },
  forbidden: { status: 403, title: 'This API key may not do this.' },
  route_not_found: { status: 404, title: 'There is no such path.' },
  partner_not_found: { status: 404, title: 'There is no such partner.' },
  domain_not_found: { status: 404, title: 'There is no such domain.' },
  account_not_found: { status: 404, title: 'There is no such account.' },
  account_token_not_found: { status: 404, title: 'There is no such token of this account.' },
  alias_not_found: { status: 404, title: 'There is no such alias.' },
  api_key_not_found: { status: 404, title: 'There is no such API key.' },
  cluster_not_found: { status: 404, title: 'There is no such cluster.' },
  hub_not_found: { status: 404, title: 'There is no such hub.' },
  node_not_found: { status: 404, title: 'There is no such node.' },
  alert_channel_not_found: { status: 404, title: 'There is no such alert channel.' },
  join_token_not_found: { status: 404, title: 'There is no such join token.' },
  move_not_found: { status: 404, title: 'There is no such move.' },
  queue_entry_not_found: { status: 404, title: 'There is no such delivery waiting.' },
  dispute_not_found: { status: 404, title: 'There is no such dispute.' },
  invoice_not_found: { status: 404, title: 'There is no such invoice.' },
  line_not_found: { status: 404, title: 'The invoice has no such line.' },
  spend_threshold_not_found: { status: 404, title: 'There is no such threshold.' },
  credit_note_not_found: { status: 404, title: 'There is no such credit note.' },
  price_list_not_found: { status: 404, title: 'There is no such price list version for this partner.' },
  commitment_not_found: { status: 404, title: 'There is no such commitment of this partner’s.' },
  coupon_not_found: { status: 404, title: 'There is no such coupon of this partner’s.' },
  tax_rate_not_found: { status: 404, title: 'There is no tax rate of this country, class and date.' },
  payment_method_not_found: { status: 404, title: 'There is no such payment method.' },
  task_not_found: { status: 404, title: 'There is no such task that was given up.' },
  webhook_not_found: { status: 404, title: 'There is no such webhook.' },
  finding_not_found: { status: 404, title: 'There is no such finding that is open.' },
  meter_not_found: { status: 404, title: 'There is no such add-on meter of this partner’s.' },
  volume_not_found: { status: 404, title: 'There is no such volume.' },
  method_not_allowed: { status: 405, title: 'The path does not know this method; see Allow.' },
  conflict: { status: 409, title: 'The name is taken, or something still depends on it.' },
  idempotency_key_reused: { status: 409, title: 'This Idempotency-Key was used for another request.' },
  idempotency_in_progress: { status: 409, title: 'The first request with this Idempotency-Key is still running.' },
  event_conflict: { status: 409, title: 'The id of this event was used before for another event.' },
  no_volume: { status: 409, title: 'The cluster has no volume of the class the domain asks for.' },
  payment_refused: { status: 409, title: 'The payment provider refuses it; `detail` says why.' },
  limit_reached: { status: 409, title: 'A limit is reached.' },
  version_mismatch: { status: 412, title: 'It was changed since: read it again. If-Match named an older version.' },
  body_too_large: { status: 413, title: 'The body is larger than this API takes.' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json, or of a type the route names.' },
  invalid_value: { status: 422, title: 'A value was understood and is not accepted; `errors` says which and why.' },
  if_match_required: { status: 428, title: 'Changes need If-Match with the ETag last read, or *.' },
  rate_limited: { status: 429, title: 'Too many requests with this key; see Retry-After.' },
  internal_error: { status: 500, title: 'Something went wrong here; it is in our log under the request id.' },
  provider_unavailable: { status: 503, title: 'The payment provider does not answer now; try again.' },
  node_unreachable: { status: 503, title: 'The node that owns the volume does not answer now.' },
  unavailable: { status: 503, title: 'The control plane cannot be asked now; try again.' },
} as const satisfies Record<string, { readonly status: number; readonly title: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** RFC 9457. `type` leads to the code's entry in the docs. */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    detail: z.string().optional(),
    /** Identifies the request in our logs. */
    requestId: z.string(),
    errors: z.array(z.object({ field: z.string(), reason: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457)' });
export type Problem = z.infer<typeof Problem>;

/** What any route may answer besides its own. */
export const COMMON_ERRORS: readonly ErrorCode[] = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'rate_limited',
  'internal_error',
  'unavailable',
];
