import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ROUTES } from '#api-schema';
import { UsageFindings } from '#metering';
import type { Caller } from '../api-fixture.spec.ts';
import { cloudEvent, meterWorld, send } from './meter-world.spec.ts';

const DAY = 86_400_000;

describe('findings over the API', () => {
  let world: Awaited<ReturnType<typeof meterWorld>>;
  let acme: Caller;
  let partnerId = '';
  before(async () => {
    world = await meterWorld('2026-01-31T23:00:00Z');
    acme = await world.oldPartner('acme');
    await world.oldPartner('rival');
    await world.meter(acme, 'faxes');
    await world.price('acme', [{ id: 'faxes', price: { model: 'unit', price: '1' } }]);
    await send(acme, [cloudEvent('f', 'faxes', '2026-01-10T09:00:00Z', 7)]);
    const [row] = await world.database.query<{ id: string }>(`SELECT id FROM partner WHERE slug = 'acme'`);
    partnerId = row?.id ?? '';
    const gap = (day: number) => ({
      ...({ kind: 'silent', meter: 'storage-bytes', subject: `v${day}`, detail: `Silent on ${day} January.` } as const),
      ...{ started: Date.UTC(2026, 0, day), ended: Date.UTC(2026, 0, day, 6), found: '5' },
    });
    await new UsageFindings(world.database, world.clock).observe({ partnerId, kinds: ['silent'] }, [
      gap(3),
      gap(4),
      gap(5),
    ]);
    world.clock.advance(DAY);
    await world.tick();
  });
  after(() => world[Symbol.asyncDispose]());

  const listed = async (query: { partner?: string; open?: 'true' | 'false'; limit?: number; after?: string } = {}) =>
    world.operator.done(ROUTES.listUsageFindings, { query });

  it('are the operator’s to list, page by page, and to accept with a reason', async () => {
    const first = await listed({ limit: 2 });
    assert.deepEqual(
      first.items.map(({ partner, kind, subject, holds }) => [partner, kind, subject, holds]),
      [
        ['acme', 'silent', 'v5', true],
        ['acme', 'silent', 'v4', true],
      ],
    );
    const second = await listed({ limit: 2, after: first.next ?? '' });
    assert.deepEqual([second.items.map(({ subject }) => subject), second.next], [['v3'], undefined]);
    assert.deepEqual((await listed({ partner: 'rival' })).items, []);
    const params = { finding: first.items[0]?.id ?? '' };
    const body = { note: 'It was empty.' };
    assert.equal(await acme.refused(ROUTES.listUsageFindings, {}), 'forbidden');
    assert.equal(await acme.refused(ROUTES.acceptUsageFinding, { params, body }), 'forbidden');
    assert.equal(
      await world.operator.refused(ROUTES.acceptUsageFinding, { params, body: { note: '' } }),
      'invalid_request',
    );
    const accepted = await world.operator.done(ROUTES.acceptUsageFinding, { params, body });
    assert.match(accepted.resolvedBy ?? '', /^apikey:/);
    assert.equal(await world.operator.refused(ROUTES.acceptUsageFinding, { params, body }), 'finding_not_found');
    assert.deepEqual(
      (await listed()).items.map(({ subject }) => subject),
      ['v4', 'v3'],
    );
    assert.equal((await listed({ open: 'false' })).items.length, 3);
  });

  it('hold an invoice, which says why; the partner’s approval does not release it, the operator’s does', async () => {
    const draft = await world.invoice(acme, 'acme', '2026-01');
    assert.deepEqual([draft.state, draft.held], ['grace', 'Silent on 3 January. And 2 more.']);
    world.clock.advance(2 * DAY);
    await world.tick();
    const params = { partner: 'acme', invoice: draft.id };
    const approved = await acme.done(ROUTES.approveInvoice, { params });
    assert.equal(approved.held, 'Silent on 3 January. And 1 more.');
    await world.tick();
    assert.equal((await world.invoice(acme, 'acme', '2026-01')).state, 'grace');
    const released = await world.operator.done(ROUTES.approveInvoice, { params });
    assert.equal(released.held, null);
    await world.tick();
    const final = await world.invoice(acme, 'acme', '2026-01');
    assert.deepEqual([final.state, final.netMinor], ['finalized', 700]);
    // What was found is still to be looked at: it was released, not accepted.
    assert.equal((await listed()).items.length, 2);
  });
});
