import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ROUTES } from '#api-schema';
import { MonthRating } from '#billing/invoice';
import { InvoiceFinalization, MonthClosing, PostgresBillingAccounts } from '#billing/postgres';
import { PostgresMetering, PostgresUsageReader, type UsageEvent } from '#metering';
import { systemClock } from '#stdx';
import { type ApiFixture, type Caller, startFixture } from '../api-fixture.spec.ts';

const DAY = 86_400_000;

describe('a partner’s side of billing over the API', () => {
  let fixture: ApiFixture;
  let acme: Caller;
  let other: Caller;
  let reader: Caller;
  let invoice: string;
  const params = { partner: 'acme' };

  before(async () => {
    fixture = await startFixture();
    acme = await fixture.partner('acme');
    other = await fixture.partner('other');
    reader = await fixture.partner('acme', ['read']);
    invoice = await lastMonthOf('acme');
  });
  after(() => fixture[Symbol.asyncDispose]());

  /** A hub, a mailbox and messages since last month, which is made final and paid by transfer. */
  async function lastMonthOf(slug: string): Promise<string> {
    const { database } = fixture;
    const [row] = await database.query<{ id: string }>(
      `UPDATE partner SET created_at = date_trunc('month', now()) - interval '1 month' WHERE slug = $1 RETURNING id`,
      [slug],
    );
    const partnerId = row!.id;
    const begun = new Date(new Date().setUTCDate(0)).toISOString();
    const base = { source: 'test', partnerId };
    const events: UsageEvent[] = [
      { ...base, id: 'h', at: begun, subject: 'hub-1', kind: 'start', meter: 'hub', label: 'hub one' },
      { ...base, id: 'm', at: begun, subject: 'a', kind: 'start', meter: 'mailbox', label: 'ann@acme.example' },
      { ...base, id: 'c', at: begun, subject: 'mx', kind: 'counter', meter: 'messages-in', quantity: 100_000 },
      {
        ...base,
        id: 'd',
        at: new Date().toISOString(),
        subject: 'mx',
        kind: 'counter',
        meter: 'messages-in',
        quantity: 50_000,
      },
    ];
    await new PostgresMetering(database, systemClock).ingest(events, 'internal');
    const clock = { ...systemClock, now: () => Date.now() + 2 * DAY };
    const accounts = new PostgresBillingAccounts(database);
    const rating = new MonthRating(accounts, new PostgresUsageReader(database), clock);
    const closing = new MonthClosing(database, accounts, rating, systemClock);
    for (const due of await closing.due(9)) await closing.close(due);
    const finalization = new InvoiceFinalization(database, accounts, rating, clock);
    for (const id of await finalization.due(9)) await finalization.finalize(id);
    const { items } = await fixture.operator.done(ROUTES.listInvoices, { params: { partner: slug } });
    return items.find(({ number }) => number !== null)!.number!;
  }

  it('the running month so far and as it will end, by meter and by resource', async () => {
    const month = await acme.done(ROUTES.showMonthToDate, { params });
    const hub = month.lines.find(({ component }) => component === 'hub-hours')!;
    assert.deepEqual([hub.basis, hub.basedOn, hub.resources], ['running', '1 running now go on', 1]);
    assert.ok(hub.forecast.amountMinor >= hub.toDate.amountMinor);
    const hours = (Date.parse(month.periodEnd) - Date.parse(month.periodStart)) / 3_600_000;
    assert.equal(Number(hub.forecast.quantity), hours);
    const sum = (side: 'toDate' | 'forecast') => month.lines.reduce((total, line) => total + line[side].netMinor, 0);
    assert.deepEqual([sum('toDate'), sum('forecast')], [month.toDate.netMinor, month.forecast.netMinor]);
    const first = await acme.done(ROUTES.listMonthToDateResources, { params, query: { limit: 1 } });
    const rest = await acme.done(ROUTES.listMonthToDateResources, { params, query: { after: first.next ?? '' } });
    const all = [...first.items, ...rest.items];
    assert.deepEqual(all[0] && [all[0].resource, all[0].label], ['hub-1', 'hub one']);
    for (const line of month.lines.filter(({ resources }) => resources > 0)) {
      const own = all.filter(({ component }) => component === line.component);
      assert.equal(
        own.reduce((total, { amountMinor }) => total + amountMinor, 0),
        line.toDate.amountMinor,
      );
    }
    assert.equal(
      await acme.refused(ROUTES.listMonthToDateResources, { params, query: { after: 'x' } }),
      'invalid_value',
    );
  });

  it('every line leads down to its facts and on to the events, page by page and as CSV', async () => {
    const to = { params: { ...params, invoice } };
    const { lines } = await acme.done(ROUTES.showInvoice, to);
    assert.deepEqual(
      lines.map(({ line }) => line),
      lines.map((_, index) => index + 1),
    );
    let seen = 0;
    for (const { line, amountMinor } of lines) {
      const explored = await acme.done(ROUTES.showInvoiceLine, { params: { ...to.params, line: String(line) } });
      assert.equal(explored.amountMinor, amountMinor);
      let after: string | undefined;
      let items = 0;
      do {
        const query = { line, limit: 1, ...(after === undefined ? {} : { after }) };
        const page = await acme.done(ROUTES.listInvoiceEvidence, { ...to, query });
        for (const { source, resource } of page.items) {
          if (source === null) continue;
          const { status, body } = await acme.send('GET', source);
          assert.equal(status, 200, source);
          assert.ok((body as { items: unknown[] }).items.length > 0, `${resource}: ${source}`);
        }
        items += page.items.length;
        after = page.next;
      } while (after !== undefined);
      assert.equal(items, explored.evidence);
      seen += items;
    }
    const { body, headers } = await acme.send('GET', `/api/v1/partners/acme/invoices/${invoice}/evidence?format=csv`);
    assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8');
    assert.equal(String(body).trim().split('\r\n').length, seen + 1);
    const one = await acme.send('GET', `/api/v1/partners/acme/invoices/${invoice}/evidence?format=csv&line=1`);
    assert.match(String(one.headers.get('content-disposition')), /-line-1-evidence\.csv/);
    for (const line of ['99', '0', 'x'])
      assert.equal(await acme.refused(ROUTES.showInvoiceLine, { params: { ...to.params, line } }), 'line_not_found');
    assert.equal(await other.refused(ROUTES.listInvoiceEvidence, to), 'partner_not_found');
    const elsewhere = { params: { partner: 'other', invoice } };
    assert.equal(await other.refused(ROUTES.listInvoiceEvidence, elsewhere), 'invoice_not_found');
  });

  it('a dispute: opened by whoever may write, answered and credited by support, nobody else’s business', async () => {
    const open = { params: { ...params, invoice }, body: { line: 1, netMinor: 10, text: 'Not ours.' } };
    assert.equal(await reader.refused(ROUTES.openDispute, open), 'forbidden');
    assert.equal(await other.refused(ROUTES.openDispute, open), 'partner_not_found');
    const opened = await acme.done(ROUTES.openDispute, open);
    assert.deepEqual([opened.state, opened.partner, opened.line], ['open', 'acme', 1]);
    assert.equal(await acme.refused(ROUTES.openDispute, open), 'conflict');
    const to = { params: { dispute: opened.id } };
    const said = { ...to, body: { text: 'Whose then?' } };
    const resolution = { ...to, body: { outcome: 'credited', text: 'Sorry.' } as const };
    assert.equal(await other.refused(ROUTES.showDispute, to), 'dispute_not_found');
    assert.equal(await other.refused(ROUTES.commentDispute, said), 'dispute_not_found');
    assert.equal(await other.refused(ROUTES.withdrawDispute, to), 'dispute_not_found');
    assert.equal(await acme.refused(ROUTES.resolveDispute, resolution), 'forbidden');
    assert.deepEqual((await other.done(ROUTES.listDisputes, {})).items, []);
    assert.equal(await other.refused(ROUTES.listDisputes, { query: { partner: 'acme' } }), 'partner_not_found');
    const answered = await fixture.operator.done(ROUTES.commentDispute, said);
    assert.deepEqual([answered.state, answered.comments.at(-1)?.side], ['answered', 'support']);
    assert.equal((await acme.done(ROUTES.commentDispute, said)).state, 'open');
    const ended = await fixture.operator.done(ROUTES.resolveDispute, resolution);
    assert.equal(ended.state, 'credited');
    const notes = await acme.done(ROUTES.listCreditNotes, { params });
    assert.equal(notes.items[0]?.number, ended.creditNoteNumber);
    assert.equal(notes.items[0]?.netMinor, 10);
    assert.equal(await acme.refused(ROUTES.withdrawDispute, to), 'conflict');
    assert.equal((await fixture.operator.done(ROUTES.listDisputes, { query: { state: 'credited' } })).items.length, 1);
  });

  it('a refund by an operator, of what was paid and no more', async () => {
    const to = { params: { ...params, invoice } };
    const { dueMinor } = await acme.done(ROUTES.showInvoice, to);
    const body = { reason: 'Sorry', method: 'wallet' as const, lines: [{ line: 1, netMinor: 5 }] };
    const refund = { ...to, body };
    assert.equal(await fixture.operator.refused(ROUTES.createRefund, refund), 'conflict');
    const payment = { reference: 'SEPA-acme', amountMinor: dueMinor ?? 0, currency: 'EUR', invoice };
    await fixture.operator.done(ROUTES.recordPayment, { params, body: payment });
    assert.equal(await acme.refused(ROUTES.createRefund, refund), 'forbidden');
    const { items } = await fixture.operator.done(ROUTES.createRefund, refund);
    assert.deepEqual(
      items.map(({ state, amountMinor }) => [state, amountMinor]),
      [['succeeded', 5]],
    );
    const manual = { ...to, body: { reason: 'Sorry', method: 'manual' } as const };
    assert.equal(await fixture.operator.refused(ROUTES.createRefund, manual), 'invalid_value');
    const sent = { ...to, body: { ...manual.body, reference: 'SEPA-back' } };
    const [made] = (await fixture.operator.done(ROUTES.createRefund, sent)).items;
    assert.equal(made?.amountMinor, (dueMinor ?? 0) - 5);
    assert.equal(
      await fixture.operator.refused(ROUTES.createRefund, { ...sent, body: { ...sent.body, reference: 'x' } }),
      'conflict',
    );
    assert.equal((await acme.done(ROUTES.listRefunds, { params })).items.length, 2);
    assert.equal(await other.refused(ROUTES.listRefunds, { params }), 'partner_not_found');
  });

  it('thresholds and caps are the partner’s own; a hard cap refuses growth and nothing else', async () => {
    const shown = await acme.call(ROUTES.showSpendPolicy, { params });
    assert.deepEqual([shown.body.cap, shown.body.budgetMinor, shown.body.thresholds], ['off', null, []]);
    const headers = { 'if-match': shown.headers.get('etag') ?? '' };
    assert.equal(
      await reader.refused(ROUTES.updateSpendPolicy, { params, headers, body: { cap: 'off' } }),
      'forbidden',
    );
    assert.equal(
      await acme.refused(ROUTES.updateSpendPolicy, { params, headers, body: { cap: 'hard' } }),
      'invalid_value',
    );
    const percent = { params, body: { percent: 80 } };
    assert.equal(await acme.refused(ROUTES.addSpendThreshold, percent), 'invalid_value');
    const capped = { cap: 'hard', capMinor: 1, budgetMinor: 10_000 } as const;
    await acme.done(ROUTES.updateSpendPolicy, { params, headers, body: capped });
    assert.equal(await acme.refused(ROUTES.updateSpendPolicy, { params, headers, body: capped }), 'version_mismatch');
    const { id } = await acme.done(ROUTES.addSpendThreshold, percent);
    const account = { email: 'new@ACME.example', password: 'correct horse' };
    assert.equal(await acme.refused(ROUTES.createAccount, { body: account }), 'spend_cap_reached');
    assert.equal(await fixture.operator.refused(ROUTES.createAccount, { body: account }), 'spend_cap_reached');
    assert.equal(await acme.refused(ROUTES.createDomain, { body: { name: 'more.example' } }), 'spend_cap_reached');
    await other.done(ROUTES.createAccount, { body: { email: 'new@other.example', password: 'correct horse' } });
    await fixture.operator.done(ROUTES.createCluster, { body: { name: 'own', partner: 'acme' } });
    const node = {
      params: { cluster: 'own' },
      body: { name: 'n', control: { host: '127.0.0.1', port: 1 }, data: { host: '127.0.0.1', port: 2 } },
    };
    assert.equal(await fixture.operator.refused(ROUTES.createNode, node), 'spend_cap_reached');
    const token = { params: { cluster: 'own' }, body: { role: 'node', name: 'n' } } as const;
    assert.equal(await fixture.operator.refused(ROUTES.createJoinToken, token), 'spend_cap_reached');
    await acme.done(ROUTES.createAlias, { body: { email: 'x@acme.example', targets: ['y@away.example'] } });
    const alerts = await acme.done(ROUTES.listSpendAlerts, { params });
    assert.deepEqual(
      alerts.items.map(({ threshold }) => threshold),
      ['cap~1'],
    );
    await acme.done(ROUTES.updateSpendPolicy, { params, headers: { 'if-match': '*' }, body: { cap: 'soft' } });
    await acme.done(ROUTES.createAccount, { body: account });
    assert.equal(await other.refused(ROUTES.showSpendPolicy, { params }), 'partner_not_found');
    assert.equal(
      await other.refused(ROUTES.deleteSpendThreshold, { params: { partner: 'other', threshold: id } }),
      'spend_threshold_not_found',
    );
    await acme.done(ROUTES.deleteSpendThreshold, { params: { ...params, threshold: id } });
  });
});
