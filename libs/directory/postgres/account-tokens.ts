import type { Database } from '#database';
import {
  ACCOUNT_TOKENS_MAX,
  checkName,
  checkTokenLifetime,
  type DirectoryRegistry,
  firstOf,
  makePage,
  makeTokenSecret,
  readPage,
} from '#directory/api';
import { err, ok, present, type Random } from '#stdx';
import { type AccountTokenRow, accountTokenOf } from './rows.ts';
import { isId, notFound } from './sql.ts';

export class AccountTokenRows {
  constructor(
    private readonly database: Database,
    private readonly random: Random,
  ) {}

  create: DirectoryRegistry['createAccountToken'] = async (context, { accountId, name, lifetimeMs }) => {
    const refusal = firstOf(checkName('name', name), checkTokenLifetime(lifetimeMs));
    if (refusal) return err(refusal);
    if (!isId(accountId)) return notFound('account');
    const secret = makeTokenSecret(this.random);
    return this.database.asPartner(context.partnerId, async (client) => {
      // Locked, so that two requests at once do not both find room.
      const account = await client.query('SELECT FROM account WHERE id = $1 FOR UPDATE', [accountId]);
      if (account.rows.length === 0) return notFound('account');
      const held = await client.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM account_token WHERE account_id = $1',
        [accountId],
      );
      if (present(held.rows[0], 'a count').count >= ACCOUNT_TOKENS_MAX)
        return err({ code: 'limit', what: `${ACCOUNT_TOKENS_MAX} tokens an account` });
      const { rows } = await client.query<AccountTokenRow>(
        `INSERT INTO account_token (partner_id, account_id, name, prefix, secret_hash, expires_at)
         SELECT partner_id, id, $2, $3, $4, now() + $5 * interval '1 millisecond' FROM account WHERE id = $1 RETURNING *`,
        [accountId, name, secret.prefix, secret.hash, lifetimeMs],
      );
      return ok({ ...accountTokenOf(present(rows[0], 'what was inserted')), secret: secret.text });
    });
  };

  list: DirectoryRegistry['listAccountTokens'] = async (context, accountId, page) => {
    if (!isId(accountId)) return { items: [] };
    const { limit, after } = readPage(page);
    return this.database.asPartner(context.partnerId, async (client) => {
      const { rows } = await client.query<AccountTokenRow>(
        `SELECT * FROM account_token WHERE account_id = $1 AND id::text COLLATE "C" > $2
         ORDER BY id::text COLLATE "C" LIMIT $3`,
        [accountId, after, limit + 1],
      );
      return makePage(rows.map(accountTokenOf), limit, (token) => token.id);
    });
  };

  delete: DirectoryRegistry['deleteAccountToken'] = async (context, accountId, id) => {
    if (!isId(id) || !isId(accountId)) return notFound('accountToken');
    return this.database.asPartner(context.partnerId, async (client) => {
      const sql = 'DELETE FROM account_token WHERE id = $1 AND account_id = $2 RETURNING id';
      const { rows } = await client.query(sql, [id, accountId]);
      return rows.length > 0 ? ok(undefined) : notFound('accountToken');
    });
  };
}
