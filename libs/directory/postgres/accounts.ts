import type { Database, Queryable } from '#database';
import {
  checkLocalAddress,
  checkName,
  checkPassword,
  checkQuota,
  type DirectoryRegistry,
  firstOf,
  given,
  makePage,
  type PasswordCost,
  parseAddress,
  passwordSecrets,
  readPage,
} from '#directory/api';
import { writeUsage } from '#metering';
import { err, ok, present, type Random } from '#stdx';
import { domainFilter } from './domain-filter.ts';
import { place } from './placement.ts';
import { type AccountRow, accountOf, type DomainRow } from './rows.ts';
import { conflict, deleteRow, findRow, isId, notFound, refusing, updateRow } from './sql.ts';

export class AccountRows {
  constructor(
    private readonly database: Database,
    private readonly random: Random,
    private readonly passwordCost: PasswordCost,
  ) {}

  create: DirectoryRegistry['createAccount'] = async (context, input) => {
    const refusal = firstOf(
      checkLocalAddress('email', input.email),
      checkPassword(input.password),
      given(input.displayName, (name) => checkName('displayName', name)),
      given(input.quotaBytes, checkQuota),
    );
    if (refusal) return err(refusal);
    const { key: email, domain: domainName } = present(parseAddress(input.email), 'checked above');
    const taken = conflict(`address ${email} exists`);
    // Refused before the hash is worked out, which costs more than all the rest; the constraints decide in the end.
    const domain = await this.database.asPartner(context.partnerId, async (client) => {
      const found = await findRow<DomainRow>(client, 'domain', 'name', undefined, domainName);
      return found.ok && (await isTaken(client, email)) ? taken : found;
    });
    if (!domain.ok) return domain;
    const placed = await place(this.database, domain.value, input.volumeId);
    if (!placed.ok) return placed;
    const secrets = await passwordSecrets(input.password, this.random, this.passwordCost);
    return refusing({ account_email_key: taken.error, address_taken: taken.error }, () =>
      this.database.asPartner(context.partnerId, async (client) => {
        const { rows } = await client.query<AccountRow>(
          `INSERT INTO account (partner_id, domain_id, email, display_name, volume_id, quota_bytes, verifier, scram_keys)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING *`,
          [
            domain.value.partner_id,
            domain.value.id,
            email,
            input.displayName ?? null,
            placed.value,
            input.quotaBytes ?? 0,
            secrets.verifier,
            secrets.scramKeys,
          ],
        );
        const account = present(rows[0], 'what was inserted');
        await meter(client, 'start', account);
        return ok(accountOf(account));
      }),
    );
  };

  find: DirectoryRegistry['findAccount'] = (context, idOrEmail) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const id = isId(idOrEmail) ? idOrEmail : undefined;
      const found = await findRow<AccountRow>(client, 'account', 'email', id, parseAddress(idOrEmail)?.key);
      return found.ok ? ok(accountOf(found.value)) : found;
    });

  list: DirectoryRegistry['listAccounts'] = (context, page) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const { limit, after } = readPage(page);
      const { sql, values } = domainFilter(page.domain);
      const { rows } = await client.query<AccountRow>(
        `SELECT * FROM account WHERE email > $1 ${sql} ORDER BY email LIMIT $2`,
        [after, limit + 1, ...values],
      );
      return makePage(rows.map(accountOf), limit, (account) => account.email);
    });

  update: DirectoryRegistry['updateAccount'] = async (context, id, version, change) => {
    const refusal = firstOf(
      given(change.displayName ?? undefined, (name) => checkName('displayName', name)),
      given(change.quotaBytes, checkQuota),
      given(change.password, checkPassword),
    );
    if (refusal) return err(refusal);
    if (!isId(id)) return notFound('account');
    const secrets =
      change.password === undefined
        ? undefined
        : await passwordSecrets(change.password, this.random, this.passwordCost);
    const columns = {
      display_name: change.displayName,
      quota_bytes: change.quotaBytes,
      state: change.state,
      verifier: secrets?.verifier,
      scram_keys: secrets?.scramKeys,
    };
    return this.database.asPartner(context.partnerId, async (client) => {
      const updated = await updateRow<AccountRow>(client, 'account', id, version, columns);
      return updated.ok ? ok(accountOf(updated.value)) : updated;
    });
  };

  delete: DirectoryRegistry['deleteAccount'] = async (context, id, version) => {
    if (!isId(id)) return notFound('account');
    return this.database.asPartner(context.partnerId, async (client) => {
      const deleted = await deleteRow<AccountRow>(client, 'account', id, version);
      if (!deleted.ok) return deleted;
      await meter(client, 'stop', deleted.value);
      return ok(undefined);
    });
  };
}

async function isTaken(client: Queryable, email: string): Promise<boolean> {
  const { rows } = await client.query(
    'SELECT FROM account WHERE email = $1 UNION ALL SELECT FROM alias WHERE email = $1',
    [email],
  );
  return rows.length > 0;
}

/** The mailbox's beginning or end, in the transaction that makes it so. The instant is the transaction's, as `created_at` is. */
async function meter(client: Queryable, kind: 'start' | 'stop', account: AccountRow): Promise<void> {
  const { rows } = await client.query<{ at: Date }>('SELECT now() AS at');
  await writeUsage(client, [
    {
      id: `mailbox~${account.id}~${kind}`,
      source: 'api',
      partnerId: account.partner_id,
      at: present(rows[0], 'now').at.toISOString(),
      subject: account.id,
      label: account.email,
      kind,
      meter: 'mailbox',
    },
  ]);
}
