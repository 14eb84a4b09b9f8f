import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { invalid, missing, Refusal } from './failure.ts';
import { readForm } from './form.ts';
import { type Answer, IdempotencyKeys } from './idempotency.ts';
import { type Notice, Notices, signature } from './notices.ts';
import { finishSetup, operations, type SandboxOperation } from './operations.ts';
import { PaymentIntents } from './payment-intents.ts';
import { SandboxRefunds } from './refunds.ts';
import { ObjectStore, type SandboxSnapshot, type StripeObject } from './store.ts';
import type { TestMethod } from './test-methods.ts';

/** What goes wrong with a request: `before` it is done, `after` it (the answer is lost), or the line breaks. */
export type Fault = 'errorBefore' | 'errorAfter' | 'resetBefore' | 'resetAfter';

export interface SandboxOptions {
  /** What is wrong with a request's parameters by the SDK's own types; `undefined` when nothing is. */
  readonly check?: (shape: string, params: object) => string | undefined;
  /** Milliseconds. */
  readonly now: () => number;
  /** What an earlier server had. */
  readonly snapshot?: SandboxSnapshot;
  /** Called with everything after each change, to be kept. */
  readonly onChange?: (snapshot: SandboxSnapshot) => void;
}

/** A server that speaks the part of Stripe's API collecting needs, with objects, keys, refusals and events like Stripe's. */
export class StripeSandbox {
  private readonly store: ObjectStore;
  private readonly notices: Notices;
  private readonly intents: PaymentIntents;
  private readonly refunds: SandboxRefunds;
  private readonly operations: readonly SandboxOperation[];
  readonly keys = new IdempotencyKeys();
  private readonly server: Server;
  private readonly faults: Fault[] = [];

  constructor(private readonly options: SandboxOptions) {
    this.store = new ObjectStore(options.now, options.snapshot);
    this.notices = new Notices(options.now);
    const announce = (type: string, object: StripeObject): void => this.notices.add(type, object);
    this.intents = new PaymentIntents(this.store, announce);
    this.refunds = new SandboxRefunds(this.store, announce);
    this.operations = operations(this.store, this.intents, this.refunds, announce);
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  /** Resolves with the address, `http://127.0.0.1:12111`. */
  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  /** The next POSTs meet these, one each. */
  failNext(...faults: Fault[]): void {
    this.faults.push(...faults);
  }

  /** The customer's browser saves a payment method. */
  finishSetup(setupId: string, method: TestMethod): string {
    const saved = finishSetup(this.store, setupId, method, (type, object) => this.notices.add(type, object));
    this.changed();
    return saved.id;
  }

  /** A debit is paid or bounces; the customer passes the bank's question or does not. */
  conclude(intentId: string, outcome: 'succeeded' | 'failed'): void {
    this.intents.conclude(intentId, outcome);
    this.changed();
  }

  /** A refund arrives or comes back. */
  concludeRefund(refundId: string, outcome: 'succeeded' | 'failed'): void {
    this.refunds.conclude(refundId, outcome);
    this.changed();
  }

  refundsMade(): readonly StripeObject[] {
    return this.store.list('refund', () => true);
  }

  intentsMade(): readonly StripeObject[] {
    return this.store.list('payment_intent', () => true);
  }

  /** Events not yet delivered, with what a delivery says. */
  takeNotices(secret: string): (Notice & { readonly signature: string })[] {
    return this.notices
      .take()
      .map((notice) => ({ ...notice, signature: signature(notice.body, secret, this.options.now()) }));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const fault = request.method === 'POST' ? this.faults.shift() : undefined;
    if (fault === 'resetBefore') return void request.socket.destroy();
    const key = String(request.headers['idempotency-key'] ?? '');
    const kept = this.replay(key, `${request.url} ${body}`);
    const answer = kept ?? this.answer(request, body, fault);
    if (!kept && request.method === 'POST') this.changed();
    if (!kept && key !== '') this.keys.keep(key, `${request.url} ${body}`, answer);
    if (fault === 'resetAfter') return void request.socket.destroy();
    response
      .writeHead(answer.status, {
        'content-type': 'application/json',
        'request-id': 'req_sandbox',
        ...(kept ? { 'idempotent-replayed': 'true' } : {}),
        ...(answer.status >= 500 ? { 'stripe-should-retry': 'false' } : {}),
      })
      .end(answer.body);
  }

  private changed(): void {
    this.options.onChange?.(this.store.snapshot());
  }

  private replay(key: string, request: string): Answer | undefined {
    if (key === '') return undefined;
    try {
      return this.keys.find(key, request);
    } catch (error) {
      return refusalAnswer(error);
    }
  }

  private answer(request: IncomingMessage, body: string, fault: Fault | undefined): Answer {
    const broken = {
      status: 500,
      body: JSON.stringify({ error: { type: 'api_error', message: 'Something went wrong.' } }),
    };
    if (fault === 'errorBefore') return broken;
    try {
      const value = this.run(request, body);
      return fault === 'errorAfter' ? broken : { status: 200, body: JSON.stringify(value) };
    } catch (error) {
      return refusalAnswer(error);
    }
  }

  private run(request: IncomingMessage, body: string): object {
    if (!/^(Bearer|Basic) +\S+/.test(request.headers.authorization ?? ''))
      throw new Refusal(401, { type: 'invalid_request_error', message: 'You did not provide an API key.' });
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const operation = this.operations.find(({ method, path }) => method === request.method && path.test(url.pathname));
    if (!operation) throw missing(`${request.method} ${url.pathname}`);
    const form = readForm(request.method === 'GET' ? url.search.slice(1) : body);
    const wrong = this.options.check?.(operation.shape, form);
    if (wrong !== undefined) throw invalid(`${operation.shape}: ${wrong}`);
    return operation.run(form, operation.path.exec(url.pathname)?.[1] ?? '');
  }
}

function refusalAnswer(error: unknown): Answer {
  if (!(error instanceof Refusal)) throw error;
  return { status: error.status, body: JSON.stringify({ error: error.error }) };
}
