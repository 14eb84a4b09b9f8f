import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BillingProfiles, PaymentMethods } from '#billing/postgres';
import { StripePayments } from '#billing/stripe';
import { type SandboxSnapshot, StripeSandbox } from '#billing/stripe-sandbox';
import type { Database } from '#database';
import type { Clock } from '#stdx';
import { HOST, type Layout } from '../layout.ts';

const API_KEY = 'sk_test_demo';
const WEBHOOK_SECRET = 'whsec_demo';
const DELIVER_EVERY_MS = 1_000;

/** A Stripe of the demo's own, so that its invoices are paid and nobody's money moves. It keeps its objects in `<data>/stripe-sandbox.json`. */
export class DemoPayments {
  private readonly sandbox: StripeSandbox;
  private url = '';
  private stopDelivering = (): void => {};

  constructor(
    private readonly layout: Layout,
    private readonly clock: Clock,
  ) {
    const file = join(layout.directories.data, 'stripe-sandbox.json');
    this.sandbox = new StripeSandbox({
      now: () => clock.now(),
      ...(existsSync(file) ? { snapshot: JSON.parse(readFileSync(file, 'utf8')) as SandboxSnapshot } : {}),
      onChange: (snapshot) => writeFileSync(file, JSON.stringify(snapshot), { mode: 0o600 }),
    });
  }

  /** What API and billing are told. */
  get environment(): Record<string, string> {
    return {
      ROOKERY_STRIPE_KEY: API_KEY,
      ROOKERY_STRIPE_URL: this.url,
      ROOKERY_STRIPE_WEBHOOK_SECRETS: WEBHOOK_SECRET,
    };
  }

  async start(): Promise<void> {
    this.url = await this.sandbox.listen(this.layout.paymentsPort);
    const timer = this.clock.every(DELIVER_EVERY_MS, () => void this.deliver());
    this.stopDelivering = () => timer.cancel();
  }

  /** Gives the partner an address for its invoices and a saved card, as its browser would, unless it has them. */
  async introduce(database: Database, partnerId: string, email: string): Promise<void> {
    const profiles = new BillingProfiles(database);
    if ((await profiles.show(partnerId)).email === null) await profiles.update(partnerId, undefined, { email });
    const provider = new StripePayments({ apiKey: API_KEY, url: this.url });
    const methods = new PaymentMethods(database, provider, this.clock);
    if ((await methods.list(partnerId)).length > 0) return;
    const setup = await methods.beginSetup(partnerId);
    await methods.follow(this.sandbox.finishSetup(setup.id, 'pm_card_visa'));
  }

  async stop(): Promise<void> {
    this.stopDelivering();
    await this.sandbox.close();
  }

  /** An API that is not there yet misses an event; billing's hourly look finds what it told of. */
  private async deliver(): Promise<void> {
    for (const { body, signature } of this.sandbox.takeNotices(WEBHOOK_SECRET))
      await fetch(`http://${HOST}:${this.layout.apiPort}/api/v1/webhooks/stripe`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'stripe-signature': signature },
        body,
      }).catch(() => {});
  }
}
