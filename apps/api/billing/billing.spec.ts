import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import {
  CreditNotes,
  InvoicePreview,
  Invoices,
  InvoiceWithLines,
  Statement,
  Subscription,
  UsageEvents,
  UsageHours,
  UsageIntervals,
  UsageLevels,
} from '#api-schema';
import { MonthRating } from '#billing/invoice';
import { InvoiceFinalization, issueCreditNote, MonthClosing, PostgresBillingAccounts } from '#billing/postgres';
import { Database } from '#database';
import { PostgresDirectoryRegistry } from '#directory/postgres';
import { PostgresMetering, PostgresUsageReader, type UsageEvent } from '#metering';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { testDatabase } from '#testing';
import { type RunningApi, startApi } from '../server.ts';
import { readSettings } from '../settings.ts';

const SCHEMAS = { intervals: UsageIntervals, levels: UsageLevels, hours: UsageHours, events: UsageEvents } as const;

describe('billing over the API', () => {
  let own: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  let api: RunningApi;
  let partner = '';
  const keys = { own: '', other: '', writer: '' };

  before(async () => {
    own = await testDatabase();
    database = new Database({ url: own.url });
    const settings = readSettings({
      DATABASE_URL: own.url,
      ROOKERY_API_PORT: '0',
      ROOKERY_STATUS_PORT: '0',
      ROOKERY_ARGON2_MEMORY_KIB: '64',
      ROOKERY_SEAL_KEY: '07'.repeat(32),
    });
    api = await startApi(settings, { clock: systemClock, random: systemRandom, logger: silentLogger });
    const registry = new PostgresDirectoryRegistry(database, systemRandom, {
      memoryKiB: 64,
      passes: 1,
      lanes: 1,
      scramIterations: 4_096,
    });
    const context = { actor: 'test', requestId: 'test' };
    for (const slug of ['own', 'other'] as const) {
      const made = await registry.createPartner(context, { slug, name: slug });
      assert.ok(made.ok);
      if (slug === 'own') partner = made.value.id;
      const key = await registry.createApiKey(context, { partnerId: made.value.id, name: 'k', scopes: ['read'] });
      assert.ok(key.ok);
      keys[slug] = key.value.secret;
    }
    const writer = await registry.createApiKey(context, { partnerId: partner, name: 'w', scopes: ['read', 'write'] });
    assert.ok(writer.ok);
    keys.writer = writer.value.secret;
    await database.query(`UPDATE partner SET created_at = now() - interval '70 days' WHERE id = $1`, [partner]);
    const hourAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
    const base = { source: 'test', partnerId: partner };
    const events: UsageEvent[] = [
      { ...base, id: 'h', at: hourAgo(24 * 60), subject: 'hub-1', kind: 'start', meter: 'hub', label: 'hub 1' },
      { ...base, id: 'n', at: hourAgo(24 * 60), subject: 'n', kind: 'start', meter: 'node-active' },
      {
        ...base,
        id: 'm',
        at: hourAgo(24 * 60),
        subject: 'a',
        kind: 'start',
        meter: 'mailbox',
        label: 'ann@own.example',
      },
      {
        ...base,
        id: 's',
        at: hourAgo(24 * 60),
        subject: 'v',
        kind: 'gauge',
        meter: 'storage-bytes',
        value: 7_000_000_000,
      },
      ...Array.from(
        { length: 5 },
        (_, n): UsageEvent => ({
          ...base,
          id: `c${n}`,
          at: hourAgo(n / 1_000),
          subject: 'v',
          kind: 'counter',
          meter: 'messages-in',
          quantity: 3,
        }),
      ),
    ];
    await new PostgresMetering(database, systemClock).ingest(events, 'internal');
  });
  after(async () => {
    await api.close();
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  const get = (path: string, key = keys.own, accept = 'application/json') =>
    fetch(`${api.url}${path.startsWith('/api') ? path : `/api/v1${path}`}`, {
      headers: { authorization: `Bearer ${key}`, accept },
    });

  it('previews the running month, and every line leads to what is behind it', async () => {
    const response = await get('/partners/own/invoice-preview');
    assert.equal(response.status, 200);
    const preview = InvoicePreview.parse(await response.json());
    assert.deepEqual(
      preview.lines.map(({ kind }) => kind),
      ['hub-hours', 'node-hours-active', 'mailboxes', 'gb-hours', 'messages'],
    );
    assert.equal(
      preview.lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      preview.subtotalMinor,
    );
    for (const { evidence } of preview.lines) {
      const page = await get(evidence);
      assert.equal(page.status, 200, evidence);
      const name = /usage\/(\w+)\?/.exec(evidence)?.[1] as keyof typeof SCHEMAS;
      assert.ok(SCHEMAS[name].parse(await page.json()).items.length > 0, evidence);
    }
  });

  it('gives the same month as PDF, by format or by Accept', async () => {
    for (const response of [
      await get('/partners/own/invoice-preview?format=pdf'),
      await get('/partners/own/invoice-preview', keys.own, 'application/pdf'),
    ]) {
      assert.equal(response.headers.get('content-type'), 'application/pdf');
      assert.equal(
        Buffer.from(await response.arrayBuffer())
          .subarray(0, 5)
          .toString(),
        '%PDF-',
      );
    }
  });

  it('pages through the events', async () => {
    const seen: string[] = [];
    let after = '';
    do {
      const response = await get(`/partners/own/usage/events?meter=messages-in&limit=2${after}`);
      const page = UsageEvents.parse(await response.json());
      seen.push(...page.items.map(({ id }) => id));
      after = page.next ? `&after=${page.next}` : '';
    } while (after);
    assert.deepEqual(seen.sort(), ['c0', 'c1', 'c2', 'c3', 'c4']);
  });

  it('shows the prices in force', async () => {
    const subscription = Subscription.parse(await (await get('/partners/own/subscription')).json());
    assert.equal(subscription.segments[0]!.currency, 'EUR');
    assert.deepEqual(subscription.segments[0]!.components.find(({ id }) => id === 'hub-hours')!.price, {
      model: 'unit',
      price: '0.08',
    });
  });

  it('lists last month as a draft to approve, then shows it final as JSON, Factur-X and XML', async () => {
    let now = Date.now();
    const clock = { ...systemClock, now: () => now };
    const accounts = new PostgresBillingAccounts(database);
    const rating = new MonthRating(accounts, new PostgresUsageReader(database), clock);
    const closing = new MonthClosing(database, accounts, rating, clock);
    await database.query(`UPDATE billing_seller SET country = 'DE', vat_id = 'DE123456789', name = 'Rookery GmbH'`);
    await database.query(`INSERT INTO billing_profile (partner_id, country, approval) VALUES ($1, 'DE', true)`, [
      partner,
    ]);
    for (let due = await closing.due(9); due.length > 0; due = await closing.due(9))
      for (const month of due) await closing.close(month);
    const list = Invoices.parse(await (await get('/partners/own/invoices')).json());
    const draft = list.items[0]!;
    assert.deepEqual([draft.state, draft.needsApproval, draft.number], ['grace', true, null]);
    assert.equal((await get(`/partners/own/invoices/${draft.id}?format=pdf`)).status, 409);
    const approve = await fetch(`${api.url}/api/v1/partners/own/invoices/${draft.id}/approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.writer}` },
    });
    assert.equal(approve.status, 200);
    now += 2 * 86_400_000;
    const finalization = new InvoiceFinalization(database, accounts, rating, clock);
    for (const id of await finalization.due(9)) await finalization.finalize(id);
    const response = await get(`/partners/own/invoices/${draft.id}`);
    const invoice = InvoiceWithLines.parse(await response.json());
    assert.equal(invoice.state, 'finalized');
    assert.equal(
      invoice.lines.reduce((sum, line) => sum + line.amountMinor - line.discountMinor + line.taxMinor, 0),
      invoice.totalMinor,
    );
    const pdf = await get(`/partners/own/invoices/${invoice.number}?format=pdf`);
    assert.match(Buffer.from(await pdf.arrayBuffer()).toString('latin1'), /factur-x\.xml/);
    const html = await get(`/partners/own/invoices/${invoice.number}?format=html`);
    assert.equal(html.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(await html.text(), /<svg viewBox/);
    const csv = await (await get(`/partners/own/invoices/${invoice.number}?format=csv`)).text();
    assert.equal(csv.trim().split('\r\n').length, invoice.lines.length + 1);
    const xml = await get(`/partners/own/invoices/${invoice.number}?format=xml`);
    assert.equal(xml.headers.get('content-type'), 'application/xml');
    assert.match(await xml.text(), new RegExp(`<ram:ID>${invoice.number}</ram:ID>`));
    assert.equal((await get(`/partners/other/invoices/${draft.id}`, keys.other)).status, 404);
    const at = new Date(now);
    const [line] = invoice.lines;
    assert(line);
    const credited = {
      serviceMonth: draft.month,
      component: 'x',
      priceVersion: 'v',
      description: 'Goodwill',
      taxClass: 'standard',
      net: 100n,
    };
    await database.transaction((client) =>
      issueCreditNote(client, { invoiceId: draft.id, lines: [credited], reason: 'For the trouble', at }),
    );
    const notes = CreditNotes.parse(await (await get('/partners/own/credit-notes')).json());
    const note = notes.items[0]!;
    assert.deepEqual([note.netMinor, note.taxMinor, note.invoiceNumber], [100, 19, invoice.number]);
    const noteXml = await (await get(`/partners/own/credit-notes/${note.number}?format=xml`)).text();
    assert.match(noteXml, /<cbc:TaxAmount currencyID="EUR">0.19<\/cbc:TaxAmount>/);
    for (const format of ['pdf', 'html'])
      assert.equal((await get(`/partners/own/credit-notes/${note.id}?format=${format}`)).status, 200);
    assert.equal((await get(`/partners/other/credit-notes/${note.id}`, keys.other)).status, 404);
    const month = at.toISOString().slice(0, 7);
    const statement = Statement.parse(await (await get(`/partners/own/statement?from=2020-01&to=${month}`)).json());
    const owed = statement.entries.reduce((sum, entry) => sum + entry.amountMinor, 0);
    assert.deepEqual([statement.openingMinor, statement.closingMinor], [0, owed]);
    assert.equal(statement.entries.at(-1)?.balanceMinor, owed);
    for (const format of ['pdf', 'html', 'csv'])
      assert.equal((await get(`/partners/own/statement?from=${month}&format=${format}`)).status, 200);
    assert.equal((await get(`/partners/own/statement?from=${month}&to=2020-01`)).status, 422);
    for (const [what, path] of [
      ['note', `credit-notes/${note.id}`],
      ['statement', `statement?from=2020-01&to=${month}`],
    ] as const) {
      const { ROOKERY_KEEP_PDF } = process.env;
      if (!ROOKERY_KEEP_PDF) break;
      const file = await get(`/partners/own/${path}${path.includes('?') ? '&' : '?'}format=pdf`);
      writeFileSync(`${ROOKERY_KEEP_PDF}.${what}.pdf`, Buffer.from(await file.arrayBuffer()));
    }
  });

  for (const [path, key, status, code] of [
    ['/partners/own/invoice-preview', 'other', 404, 'partner_not_found'],
    ['/partners/own/usage/events?meter=hub', 'other', 404, 'partner_not_found'],
    ['/partners/own/subscription', 'other', 404, 'partner_not_found'],
    ['/partners/own/invoice-preview?month=2026-13', 'own', 400, 'invalid_request'],
    ['/partners/own/usage/events', 'own', 400, 'invalid_request'],
    ['/partners/own/usage/events?meter=hub&after=bm9uc2Vuc2U', 'own', 422, 'invalid_value'],
    ['/partners/own/usage/hours?meter=hub&month=2026-01&from=2026-01-01T00:00:00Z', 'own', 422, 'invalid_value'],
  ] as const) {
    it(`refuses ${path} of ${key} with ${code}`, async () => {
      const response = await get(path, keys[key]);
      assert.equal(response.status, status);
      assert.equal(((await response.json()) as { code: string }).code, code);
    });
  }
});
