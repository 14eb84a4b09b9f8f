import { createHmac } from 'node:crypto';
import type { StripeObject } from './store.ts';

export interface Notice {
  readonly id: string;
  readonly type: string;
  readonly body: string;
}

/** Events in the order they happened, kept until somebody delivers them: late, twice or the wrong way round as a test likes. */
export class Notices {
  private waiting: Notice[] = [];
  private made = 0;

  constructor(private readonly now: () => number) {}

  add(type: string, object: StripeObject): void {
    // Never that of an earlier server's.
    const id = `evt_${this.now().toString(36)}${String(++this.made).padStart(6, '0')}`;
    const created = Math.floor(this.now() / 1_000);
    const event = {
      id,
      object: 'event',
      api_version: null,
      created,
      type,
      livemode: false,
      data: { object: { ...object } },
    };
    this.waiting.push({ id, type, body: JSON.stringify(event) });
  }

  /** All that wait, from now on the caller's to deliver. */
  take(): Notice[] {
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  }
}

/** `Stripe-Signature` of a body (docs.stripe.com/webhooks/signature). */
export function signature(body: string, secret: string, atMs: number): string {
  const time = Math.floor(atMs / 1_000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;
}
