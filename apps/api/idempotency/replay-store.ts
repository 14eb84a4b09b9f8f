import type { Database } from '#database';

/** How long an answer may be had again: a day (the usual promise of payment interfaces). */
const KEPT = '24 hours';
/** When a first request that never finished counts as dead: longer than any request may run. */
const RUNS_AT_MOST = '60 seconds';

export type Attempt =
  /** Go on; then `finish` or `abandon`. */
  | { readonly kind: 'first' }
  | { readonly kind: 'replay'; readonly sealed: Buffer }
  | { readonly kind: 'running' }
  /** The key was used for another request. */
  | { readonly kind: 'reused' };

export interface RequestIdentity {
  readonly apiKeyId: string;
  readonly partnerId: string | null;
  readonly idempotencyKey: string;
  /** SHA-256 of method, path and body. */
  readonly requestHash: Buffer;
}

/** Which requests were made under which Idempotency-Key, and what they were answered. */
export class ReplayStore {
  constructor(private readonly database: Database) {}

  async begin(request: RequestIdentity): Promise<Attempt> {
    const { apiKeyId, partnerId, idempotencyKey, requestHash } = request;
    // The row's lock decides between requests at the same time: one inserts, the others find it.
    const taken = await this.database.query(
      `INSERT INTO api_idempotency AS known (api_key_id, idempotency_key, partner_id, request_hash, running_until, expires_at)
       VALUES ($1, $2, $3, $4, now() + interval '${RUNS_AT_MOST}', now() + interval '${KEPT}')
       ON CONFLICT (api_key_id, idempotency_key) DO UPDATE
         SET request_hash = EXCLUDED.request_hash, sealed_response = NULL,
             running_until = EXCLUDED.running_until, expires_at = EXCLUDED.expires_at
         WHERE known.expires_at < now()
           OR (known.sealed_response IS NULL AND known.running_until < now() AND known.request_hash = EXCLUDED.request_hash)
       RETURNING api_key_id`,
      [apiKeyId, idempotencyKey, partnerId, requestHash],
    );
    if (taken.length > 0) return { kind: 'first' };
    const [row] = await this.database.query<{ request_hash: Buffer; sealed_response: Buffer | null }>(
      'SELECT request_hash, sealed_response FROM api_idempotency WHERE api_key_id = $1 AND idempotency_key = $2',
      [apiKeyId, idempotencyKey],
    );
    // Abandoned between the two questions: the caller is asked to try again.
    if (!row) return { kind: 'running' };
    if (!row.request_hash.equals(requestHash)) return { kind: 'reused' };
    return row.sealed_response === null ? { kind: 'running' } : { kind: 'replay', sealed: row.sealed_response };
  }

  async finish({ apiKeyId, idempotencyKey }: RequestIdentity, sealed: Buffer): Promise<void> {
    await this.database.query(
      'UPDATE api_idempotency SET sealed_response = $3 WHERE api_key_id = $1 AND idempotency_key = $2',
      [apiKeyId, idempotencyKey, sealed],
    );
  }

  /** Nothing was done: the same request may be made again at once. */
  async abandon({ apiKeyId, idempotencyKey }: RequestIdentity): Promise<void> {
    await this.database.query(
      'DELETE FROM api_idempotency WHERE api_key_id = $1 AND idempotency_key = $2 AND sealed_response IS NULL',
      [apiKeyId, idempotencyKey],
    );
  }

  async forgetExpired(): Promise<void> {
    await this.database.query('DELETE FROM api_idempotency WHERE expires_at < now()');
  }
}
