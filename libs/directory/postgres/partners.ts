import type { Database } from '#database';
import {
  checkCurrency,
  checkName,
  checkSlug,
  checkTimeZone,
  type DirectoryRegistry,
  firstOf,
  given,
  makePage,
  readPage,
} from '#directory/api';
import { err, ok } from '#stdx';
import { type PartnerRow, partnerOf } from './rows.ts';
import { findRow, forbidden, isId, notFound, refusing, updateRow } from './sql.ts';

export class PartnerRows {
  constructor(private readonly database: Database) {}

  create: DirectoryRegistry['createPartner'] = async (context, input) => {
    if (context.partnerId !== undefined) return forbidden('creating partners');
    const refusal = firstOf(
      checkSlug('slug', input.slug),
      checkName('name', input.name),
      given(input.currency, checkCurrency),
      given(input.timeZone, checkTimeZone),
    );
    if (refusal) return err(refusal);
    const { slug, name, currency = 'EUR', timeZone = 'UTC' } = input;
    return refusing({ partner_slug_key: { code: 'conflict', what: `partner ${slug} exists` } }, async () => {
      const [row] = await this.database.query<PartnerRow>(
        'INSERT INTO partner (slug, name, currency, time_zone) VALUES ($1, $2, $3, $4) RETURNING *',
        [slug, name, currency, timeZone],
      );
      return row ? ok(partnerOf(row)) : notFound('partner');
    });
  };

  find: DirectoryRegistry['findPartner'] = (context, idOrSlug) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const id = isId(idOrSlug) ? idOrSlug : undefined;
      const found = await findRow<PartnerRow>(client, 'partner', 'slug', id, idOrSlug);
      return found.ok ? ok(partnerOf(found.value)) : found;
    });

  list: DirectoryRegistry['listPartners'] = (context, page) =>
    this.database.asPartner(context.partnerId, async (client) => {
      const { limit, after } = readPage(page);
      const { rows } = await client.query<PartnerRow>(
        'SELECT * FROM partner WHERE slug COLLATE "C" > $1 ORDER BY slug COLLATE "C" LIMIT $2',
        [after, limit + 1],
      );
      return makePage(rows.map(partnerOf), limit, (partner) => partner.slug);
    });

  update: DirectoryRegistry['updatePartner'] = async (context, id, version, change) => {
    if (context.partnerId !== undefined && change.state !== undefined) return forbidden("changing one's own state");
    const refusal = firstOf(
      given(change.name, (name) => checkName('name', name)),
      given(change.timeZone, checkTimeZone),
    );
    if (refusal) return err(refusal);
    if (!isId(id)) return notFound('partner');
    const columns = { name: change.name, state: change.state, time_zone: change.timeZone };
    return this.database.asPartner(context.partnerId, async (client) => {
      const updated = await updateRow<PartnerRow>(client, 'partner', id, version, columns);
      return updated.ok ? ok(partnerOf(updated.value)) : updated;
    });
  };
}
