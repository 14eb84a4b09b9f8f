import type { Database } from '#database';
import {
  checkAddress,
  checkDomainName,
  checkSeparator,
  checkSlug,
  type DirectoryRegistry,
  firstOf,
  given,
  makePage,
  normaliseDomain,
  parseAddress,
  readPage,
} from '#directory/api';
import { err, ok, present } from '#stdx';
import { type DomainRow, domainOf } from './rows.ts';
import { conflict, deleteRow, findRow, isId, notFound, refusing, updateRow } from './sql.ts';

export class DomainRows {
  constructor(private readonly database: Database) {}

  create: DirectoryRegistry['createDomain'] = async (context, input) => {
    const refusal = firstOf(
      checkDomainName('name', input.name),
      given(input.catchAll ?? undefined, (address) => checkAddress('catchAll', address)),
      given(input.detailSeparator, checkSeparator),
      given(input.volumeClass, (label) => checkSlug('volumeClass', label)),
    );
    if (refusal) return err(refusal);
    const { partnerId } = input;
    if (context.partnerId !== undefined && context.partnerId !== partnerId) return notFound('partner');
    if (!isId(partnerId) || !(await this.partnerExists(partnerId))) return notFound('partner');
    const clusterId = await this.usableCluster(partnerId, input.clusterId);
    if (clusterId === undefined) return notFound('cluster');
    const name = present(normaliseDomain(input.name), 'checked above');
    const { detailSeparator = '+', volumeClass = 'standard' } = input;
    const catchAll = catchAllColumns(input.catchAll ?? null);
    return refusing({ domain_name_key: { code: 'conflict', what: `domain ${name} exists` } }, () =>
      this.database.asPartner(context.partnerId, async (client) => {
        const { rows } = await client.query<DomainRow>(
          `INSERT INTO domain (partner_id, name, cluster_id, catch_all, catch_all_key, detail_separator, volume_class)
           VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *`,
          [partnerId, name, clusterId, catchAll.catch_all, catchAll.catch_all_key, detailSeparator, volumeClass],
        );
        return ok(domainOf(present(rows[0], 'what was inserted')));
      }),
    );
  };

  find: DirectoryRegistry['findDomain'] = (context, idOrName) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const id = isId(idOrName) ? idOrName : undefined;
      const found = await findRow<DomainRow>(client, 'domain', 'name', id, normaliseDomain(idOrName));
      return found.ok ? ok(domainOf(found.value)) : found;
    });

  list: DirectoryRegistry['listDomains'] = (context, page) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const { limit, after } = readPage(page);
      const { rows } = await client.query<DomainRow>('SELECT * FROM domain WHERE name > $1 ORDER BY name LIMIT $2', [
        after,
        limit + 1,
      ]);
      return makePage(rows.map(domainOf), limit, (domain) => domain.name);
    });

  update: DirectoryRegistry['updateDomain'] = async (context, id, version, change) => {
    const refusal = firstOf(
      given(change.catchAll ?? undefined, (address) => checkAddress('catchAll', address)),
      given(change.detailSeparator, checkSeparator),
    );
    if (refusal) return err(refusal);
    if (!isId(id)) return notFound('domain');
    const catchAll = change.catchAll === undefined ? {} : catchAllColumns(change.catchAll);
    return this.database.asPartner(context.partnerId, async (client) => {
      const columns = { ...catchAll, detail_separator: change.detailSeparator };
      const updated = await updateRow<DomainRow>(client, 'domain', id, version, columns);
      return updated.ok ? ok(domainOf(updated.value)) : updated;
    });
  };

  delete: DirectoryRegistry['deleteDomain'] = async (context, id, version) => {
    if (!isId(id)) return notFound('domain');
    const refusals = { account_domain_id_partner_id_fkey: conflict('the domain has accounts').error };
    return refusing(refusals, () =>
      this.database.asPartner(context.partnerId, async (client) => {
        const deleted = await deleteRow<DomainRow>(client, 'domain', id, version);
        return deleted.ok ? ok(undefined) : deleted;
      }),
    );
  };

  private async partnerExists(id: string): Promise<boolean> {
    return (await this.database.query('SELECT FROM partner WHERE id = $1', [id])).length > 0;
  }

  /** The one asked for, if the partner may use it; else the partner's own, else a shared one, the oldest first. Read as the system: partners do not see shared clusters. */
  private async usableCluster(partnerId: string, wanted: string | undefined): Promise<string | undefined> {
    if (wanted !== undefined && !isId(wanted)) return undefined;
    const [row] = await this.database.query<{ id: string }>(
      `SELECT id FROM cluster WHERE (shared OR partner_id = $1) AND id = coalesce($2, id)
       ORDER BY partner_id = $1 DESC, created_at, id LIMIT 1`,
      [partnerId, wanted ?? null],
    );
    return row?.id;
  }
}

function catchAllColumns(address: string | null): { catch_all: string | null; catch_all_key: string | null } {
  if (address === null) return { catch_all: null, catch_all_key: null };
  const parsed = present(parseAddress(address), 'checked above');
  return { catch_all: parsed.address, catch_all_key: parsed.key };
}
