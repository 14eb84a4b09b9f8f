import type { Database } from '#database';
import {
  API_KEYS_PER_PARTNER_MAX,
  checkName,
  checkScopes,
  type DirectoryRegistry,
  firstOf,
  isSecretOf,
  makeApiKeySecret,
  makePage,
  readApiKeySecret,
  readPage,
} from '#directory/api';
import { err, ok, present, type Random } from '#stdx';
import { type ApiKeyRow, apiKeyOf } from './rows.ts';
import { isId, notFound, refusing } from './sql.ts';

/** `lastUsedAt` is written at most this often a key, so that reading does not become writing. */
const LAST_USED_STEP = '1 minute';

export class ApiKeyRows {
  constructor(
    private readonly database: Database,
    private readonly random: Random,
  ) {}

  create: DirectoryRegistry['createApiKey'] = async (context, { partnerId, name, scopes }) => {
    const refusal = firstOf(checkName('name', name), checkScopes(partnerId, scopes));
    if (refusal) return err(refusal);
    if (context.partnerId !== undefined && context.partnerId !== partnerId) return notFound('partner');
    if (partnerId !== null && !isId(partnerId)) return notFound('partner');
    const secret = makeApiKeySecret(this.random);
    const refusals = { api_key_partner_id_fkey: notFound('partner').error };
    return refusing(refusals, () =>
      this.database.asPartner(context.partnerId, async (client) => {
        const held = await client.query<{ count: number }>(
          'SELECT count(*)::int AS count FROM api_key WHERE partner_id IS NOT DISTINCT FROM $1',
          [partnerId],
        );
        if (present(held.rows[0], 'a count').count >= API_KEYS_PER_PARTNER_MAX)
          return err({ code: 'limit', what: `${API_KEYS_PER_PARTNER_MAX} API keys a partner` });
        const { rows } = await client.query<ApiKeyRow>(
          'INSERT INTO api_key (partner_id, name, prefix, secret_hash, scopes) VALUES ($1, $2, $3, $4, $5) RETURNING *',
          [partnerId, name, secret.prefix, secret.hash, scopes],
        );
        return ok({ ...apiKeyOf(present(rows[0], 'what was inserted')), secret: secret.text });
      }),
    );
  };

  list: DirectoryRegistry['listApiKeys'] = (context, page) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const { limit, after } = readPage(page);
      const { rows } = await client.query<ApiKeyRow>(
        'SELECT * FROM api_key WHERE id::text COLLATE "C" > $1 ORDER BY id::text COLLATE "C" LIMIT $2',
        [after, limit + 1],
      );
      return makePage(rows.map(apiKeyOf), limit, (key) => key.id);
    });

  delete: DirectoryRegistry['deleteApiKey'] = async (context, id) => {
    if (!isId(id)) return notFound('apiKey');
    return this.database.asPartner(context.partnerId, async (client) => {
      const { rows } = await client.query('DELETE FROM api_key WHERE id = $1 RETURNING id', [id]);
      return rows.length > 0 ? ok(undefined) : notFound('apiKey');
    });
  };

  /** Asked before it is known whose key it is: as the system. */
  authenticate: DirectoryRegistry['authenticateApiKey'] = async (text) => {
    const secret = readApiKeySecret(text);
    if (!secret) return undefined;
    const [row] = await this.database.query<ApiKeyRow & { is_stale: boolean }>(
      `SELECT k.*, k.last_used_at IS NULL OR k.last_used_at < now() - $2::interval AS is_stale
       FROM api_key k LEFT JOIN partner p ON p.id = k.partner_id
       WHERE k.prefix = $1 AND (k.partner_id IS NULL OR p.state <> 'closed')`,
      [secret.prefix, LAST_USED_STEP],
    );
    if (!row || !isSecretOf(secret, row.secret_hash)) return undefined;
    if (row.is_stale) await this.database.query('UPDATE api_key SET last_used_at = now() WHERE id = $1', [row.id]);
    return apiKeyOf(row);
  };
}
