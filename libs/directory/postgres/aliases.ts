import type { Database } from '#database';
import {
  checkLocalAddress,
  checkTargets,
  type DirectoryRegistry,
  firstOf,
  makePage,
  parseAddress,
  readPage,
} from '#directory/api';
import { err, ok, present } from '#stdx';
import { domainFilter } from './domain-filter.ts';
import { type AliasRow, aliasOf, type DomainRow } from './rows.ts';
import { conflict, deleteRow, findRow, isId, notFound, refusing, updateRow } from './sql.ts';

export class AliasRows {
  constructor(private readonly database: Database) {}

  create: DirectoryRegistry['createAlias'] = async (context, input) => {
    const refusal = firstOf(checkLocalAddress('email', input.email), checkTargets(input.targets));
    if (refusal) return err(refusal);
    const { key: email, domain: domainName } = present(parseAddress(input.email), 'checked above');
    const taken = conflict(`address ${email} exists`).error;
    const { targets, target_keys } = targetColumns(input.targets);
    return refusing({ alias_email_key: taken, address_taken: taken }, () =>
      this.database.asPartner(context.partnerId, async (client) => {
        const domain = await findRow<DomainRow>(client, 'domain', 'name', undefined, domainName);
        if (!domain.ok) return domain;
        const { rows } = await client.query<AliasRow>(
          `INSERT INTO alias (partner_id, domain_id, email, targets, target_keys) VALUES ($1, $2, $3, $4, $5) RETURNING *`,
          [domain.value.partner_id, domain.value.id, email, targets, target_keys],
        );
        return ok(aliasOf(present(rows[0], 'what was inserted')));
      }),
    );
  };

  find: DirectoryRegistry['findAlias'] = (context, idOrEmail) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const id = isId(idOrEmail) ? idOrEmail : undefined;
      const found = await findRow<AliasRow>(client, 'alias', 'email', id, parseAddress(idOrEmail)?.key);
      return found.ok ? ok(aliasOf(found.value)) : found;
    });

  list: DirectoryRegistry['listAliases'] = (context, page) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const { limit, after } = readPage(page);
      const { sql, values } = domainFilter(page.domain);
      const { rows } = await client.query<AliasRow>(
        `SELECT * FROM alias WHERE email > $1 ${sql} ORDER BY email LIMIT $2`,
        [after, limit + 1, ...values],
      );
      return makePage(rows.map(aliasOf), limit, (alias) => alias.email);
    });

  update: DirectoryRegistry['updateAlias'] = async (context, id, version, change) => {
    const refusal = checkTargets(change.targets);
    if (refusal) return err(refusal);
    if (!isId(id)) return notFound('alias');
    return this.database.asPartner(context.partnerId, async (client) => {
      const updated = await updateRow<AliasRow>(client, 'alias', id, version, targetColumns(change.targets));
      return updated.ok ? ok(aliasOf(updated.value)) : updated;
    });
  };

  delete: DirectoryRegistry['deleteAlias'] = async (context, id, version) => {
    if (!isId(id)) return notFound('alias');
    return this.database.asPartner(context.partnerId, async (client) => {
      const deleted = await deleteRow<AliasRow>(client, 'alias', id, version);
      return deleted.ok ? ok(undefined) : deleted;
    });
  };
}

/** Each address once, in the order given. */
function targetColumns(targets: readonly string[]): { targets: string[]; target_keys: string[] } {
  const keys = new Map<string, string>();
  for (const target of targets) {
    const { address, key } = present(parseAddress(target), 'checked above');
    keys.set(address, key);
  }
  return { targets: [...keys.keys()], target_keys: [...keys.values()] };
}
