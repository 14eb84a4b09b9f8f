import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Database } from '#database';
import { type Observation, UsageFindings } from '#metering';
import { BooksAudit } from './audit.ts';
import { billingWorld, fact, newPartner, received } from './golden.spec.ts';
import { InvoiceBook } from './invoice-book.ts';

const DAY = 86_400_000;
const silent = (started: string, ended: string | null): Observation => ({
  kind: 'silent',
  meter: 'storage-bytes',
  subject: 'v',
  started: Date.parse(started),
  ended: ended === null ? null : Date.parse(ended),
  detail: 'Nothing was said of storage-bytes of v.',
});

describe('an invoice of usage that something is wrong with', () => {
  let world: Awaited<ReturnType<typeof billingWorld>>;
  let database: Database;
  let findings: UsageFindings;
  let book: InvoiceBook;
  before(async () => {
    world = await billingWorld('2026-02-01T00:10:00Z');
    database = world.database;
    findings = new UsageFindings(database, world.clock);
    book = new InvoiceBook(database);
  });
  after(() => world[Symbol.asyncDispose]());

  const partnerOf = async (slug: string): Promise<string> => {
    const partner = await newPartner(database, slug, '2026-01-01T00:00:00Z');
    await world.metering.ingest([fact(partner, 'm', '2026-01-05T10:00:00Z', 'mx', received(50_000))], 'internal');
    return partner;
  };
  const observe = (partnerId: string, ...observed: Observation[]) =>
    findings.observe({ partnerId, kinds: ['silent'] }, observed);
  const close = async (): Promise<void> => {
    for (const due of await world.closing.due(100)) await world.closing.close(due);
  };
  const finalize = async (): Promise<void> => {
    for (const id of await world.finalization.due(100)) await world.finalization.finalize(id);
  };
  const january = async (partner: string) => {
    const found = (await book.list(partner, 10)).find(({ month }) => month === '2026-01');
    assert.ok(found);
    return found;
  };

  it('says so as a draft, waits past its grace time, and is final when it is mended, accepted or released', async () => {
    const [mended, accepted, released, other] = [
      await partnerOf('mended'),
      await partnerOf('accepted'),
      await partnerOf('released'),
      await partnerOf('other'),
    ];
    for (const partner of [mended, accepted, released])
      await observe(
        partner,
        silent('2026-01-31T20:00:00Z', null),
        silent('2026-01-03T20:00:00Z', '2026-01-04T20:00:00Z'),
      );
    // What was silent before the month is none of its business.
    await observe(other, silent('2025-12-03T20:00:00Z', '2025-12-31T20:00:00Z'));
    await close();
    for (const partner of [mended, accepted, released])
      assert.equal((await january(partner)).held, 'Nothing was said of storage-bytes of v. And 1 more.');
    assert.equal((await january(other)).held, null);
    await world.clock.advance(2 * DAY);
    await finalize();
    await finalize();
    assert.deepEqual(
      await Promise.all([mended, accepted, released, other].map(async (partner) => (await january(partner)).state)),
      ['grace', 'grace', 'grace', 'finalized'],
    );
    await observe(mended);
    for (const { id } of await findings.list({ partnerId: accepted, onlyOpen: true, limit: 10 }))
      await findings.accept(id, 'apikey:1', 'The volume was empty.');
    await world.finalization.release((await january(released)).id, 'apikey:1');
    await finalize();
    for (const partner of [mended, accepted, released]) {
      const { state, held, number } = await january(partner);
      assert.deepEqual([state, held], ['finalized', null]);
      assert.match(number ?? '', /^RK-2026-/);
    }
  });

  it('is held again by what is found after it was released, and not by what holds no bill', async () => {
    const partner = await partnerOf('again');
    await observe(partner, silent('2026-01-03T20:00:00Z', '2026-01-04T20:00:00Z'));
    await close();
    await world.clock.advance(1_000);
    await world.finalization.release((await january(partner)).id, 'apikey:1');
    await world.clock.advance(1_000);
    const more = silent('2026-01-13T20:00:00Z', '2026-01-14T20:00:00Z');
    await observe(partner, silent('2026-01-03T20:00:00Z', '2026-01-04T20:00:00Z'), more);
    await findings.observe({ partnerId: partner, kinds: ['bucket'] }, [{ ...more, kind: 'bucket' }]);
    await world.clock.advance(2 * DAY);
    await finalize();
    assert.equal((await january(partner)).held, more.detail);
    await observe(partner);
    await finalize();
    assert.equal((await january(partner)).state, 'finalized');
  });

  it('8 months that do not tile, and invoices that are not their lines, are found every night', async () => {
    const audit = new BooksAudit(database, findings);
    assert.equal(await audit.run(), 0);
    const partner = await partnerOf('tiles');
    await close();
    await world.clock.advance(31 * DAY);
    await close();
    assert.equal(await audit.run(), 0);
    const [{ id = '' } = {}] = await database.query<{ id: string }>(
      `UPDATE invoice SET period_start = period_start + interval '1 hour' WHERE partner_id = $1 AND month = '2026-02' RETURNING id`,
      [partner],
    );
    assert.equal(await audit.run(), 1);
    assert.equal(await audit.run(), 1);
    const found = await findings.list({ partnerId: partner, onlyOpen: true, limit: 10 });
    assert.deepEqual(
      found.map(({ kind, subject, expected, found: is }) => [kind, subject, expected, is]),
      [['books', '2026-02', '2026-02-01T00:00:00.000Z', '2026-02-01T01:00:00.000Z']],
    );
    await database.query(`UPDATE invoice SET period_start = period_start - interval '1 hour' WHERE id = $1`, [id]);
    assert.equal(await audit.run(), 0);
    assert.equal((await findings.list({ partnerId: partner, onlyOpen: true, limit: 10 })).length, 0);
  });
});
