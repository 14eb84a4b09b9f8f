import assert from 'node:assert/strict';
import type { Mailer, OutgoingMail, WebhookCall, WebhookCaller } from '#billing/api';
import { StripePayments } from '#billing/stripe';
import { StripeSandbox, type TestMethod } from '#billing/stripe-sandbox';
import type { Database } from '#database';
import { type SimulatedClock, stripeShapes } from '#testing';
import { InvoiceCollection } from './collection.ts';
import { Disputes } from './disputes.ts';
import { Dunning } from './dunning.ts';
import { InvoiceFanOut } from './fan-out.ts';
import { billingWorld, fact, jobs, newPartner, received } from './golden.spec.ts';
import { InvoiceFiles } from './invoice-files.ts';
import { InvoiceLetters } from './letters.ts';
import { PaymentMethods } from './payment-methods.ts';
import { ProviderEvents, ProviderFollower } from './provider-events.ts';
import { Refunds } from './refunds.ts';
import { SpendPolicies } from './spend-policies.ts';
import { SpendWatch } from './spend-watch.ts';
import { TaskRunner } from './task-runner.ts';
import { InvoiceTasks } from './tasks.ts';

const DAY = 86_400_000;

/** Keeps what it is given; fails as told, once for each. */
export class Outbox implements Mailer {
  readonly sent: OutgoingMail[] = [];
  readonly failures: Error[] = [];
  send(mail: OutgoingMail): Promise<void> {
    const failure = this.failures.shift();
    if (failure) return Promise.reject(failure);
    this.sent.push(mail);
    return Promise.resolve();
  }
}

/** Answers as told, 200 otherwise. */
export class Receiver implements WebhookCaller {
  readonly calls: WebhookCall[] = [];
  readonly answers: { status: number | null; failure: string | null }[] = [];
  call(call: WebhookCall): Promise<{ status: number | null; failure: string | null }> {
    this.calls.push(call);
    return Promise.resolve(this.answers.shift() ?? { status: 200, failure: null });
  }
}

/** The use cases that follow an invoice, over a database that may be one that breaks. */
export function outcomesOver(
  database: Database,
  clock: SimulatedClock,
  provider: StripePayments,
  mailer: Mailer,
  webhooks: WebhookCaller,
) {
  const collection = new InvoiceCollection(database, provider, clock);
  const methods = new PaymentMethods(database, provider, clock);
  const refunds = new Refunds(database, provider, clock);
  const { accounts, rating } = jobs(database, clock);
  const events = new ProviderEvents(database, clock);
  const files = new InvoiceFiles(database, clock);
  const letters = new InvoiceLetters(database, files);
  const tasks = new InvoiceTasks(database, clock);
  return {
    collection,
    methods,
    refunds,
    disputes: new Disputes(database, clock),
    policies: new SpendPolicies(database),
    watch: new SpendWatch(database, accounts, rating, clock),
    events,
    follower: new ProviderFollower(events, provider, collection, methods, refunds),
    files,
    tasks,
    fanOut: new InvoiceFanOut(database, clock),
    runner: new TaskRunner(database, { tasks, files, letters, collection, refunds, mailer, webhooks }, clock),
    dunning: new Dunning(database, clock),
  };
}

/**
 * A billing world with everything that follows an invoice: a provider, a mailer and a webhook receiver of its own.
 * `isChecked`: whether what Stripe is sent is held against its SDK's types, which takes a compiler a second.
 */
export async function outcomeWorld(now: string, isChecked = true) {
  const world = await billingWorld(now);
  const { database, clock } = world;
  const sandbox = new StripeSandbox({
    ...(isChecked ? { check: await stripeShapes() } : {}),
    now: () => clock.now(),
  });
  const provider = new StripePayments({ apiKey: 'sk_test_sandbox', url: await sandbox.listen(), timeoutMs: 2_000 });
  const mailer = new Outbox();
  const receiver = new Receiver();
  let partners = 0;
  const outcomes = outcomesOver(database, clock, provider, mailer, receiver);
  const one = async <T extends Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<T> =>
    (await database.query<T>(sql, values))[0]!;
  return {
    ...world,
    ...outcomes,
    sandbox,
    provider,
    mailer,
    receiver,
    one,
    /** A partner that used 36.00 in January, with an address for letters and a payment method as wanted. */
    async customer(method: TestMethod | null): Promise<string> {
      const partner = await newPartner(database, `customer-${++partners}`, '2026-01-01T00:00:00Z');
      await world.metering.ingest([fact(partner, 'm', '2026-01-09T10:00:00Z', 'mx', received(100_000))], 'internal');
      await database.query('INSERT INTO billing_profile (partner_id, email) VALUES ($1, $2)', [
        partner,
        `billing@customer-${partners}.example`,
      ]);
      if (method) {
        const setup = await outcomes.methods.beginSetup(partner);
        sandbox.finishSetup(setup.id, method);
        const { customer_id } = await one<{ customer_id: string }>(
          'SELECT customer_id FROM payment_account WHERE partner_id = $1',
          [partner],
        );
        await outcomes.methods.sync(partner, customer_id);
        sandbox.takeNotices('whsec_');
      }
      return partner;
    },
    /** Its January, made final. */
    async invoice(partner: string): Promise<string> {
      await world.closing.close({ partnerId: partner, month: '2026-01' });
      const { id } = await one<{ id: string }>('SELECT id FROM invoice WHERE partner_id = $1', [partner]);
      await database.query(`UPDATE invoice SET grace_until = $2 WHERE id = $1`, [id, new Date(clock.now())]);
      assert.equal(await world.finalization.finalize(id), 'finalized');
      return id;
    },
    /** Events and tasks, until nothing is due now. */
    async settle(): Promise<void> {
      while ((await outcomes.fanOut.spread(100)) + (await outcomes.runner.run(100)) > 0);
    },
    days: (count: number) => clock.advance(count * DAY),
    async [Symbol.asyncDispose]() {
      await sandbox.close();
      await world[Symbol.asyncDispose]();
    },
  };
}
