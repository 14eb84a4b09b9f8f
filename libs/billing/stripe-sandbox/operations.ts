import { invalid } from './failure.ts';
import { type Form, textOf } from './form.ts';
import type { PaymentIntents } from './payment-intents.ts';
import type { SandboxRefunds } from './refunds.ts';
import type { ObjectStore, StripeObject } from './store.ts';
import { isTestMethod, TEST_METHODS } from './test-methods.ts';

/** One request Stripe knows. `shape` is the SDK's own type of its parameters. */
export interface SandboxOperation {
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  readonly shape: string;
  run(form: Form, id: string): object;
}

const page = (data: readonly StripeObject[], form: Form, url: string): object => {
  const after = textOf(form, 'starting_after');
  const limit = Number(textOf(form, 'limit') ?? 10);
  const rest = after === undefined ? data : data.slice(data.findIndex(({ id }) => id === after) + 1);
  return { object: 'list', url, data: rest.slice(0, limit), has_more: rest.length > limit };
};

/** The requests that collecting an invoice and giving it back take. */
export function operations(
  store: ObjectStore,
  intents: PaymentIntents,
  refunds: SandboxRefunds,
  announce: (type: string, object: StripeObject) => void,
): SandboxOperation[] {
  const get = (path: RegExp, shape: string, run: SandboxOperation['run']): SandboxOperation => ({
    method: 'GET',
    path,
    shape,
    run,
  });
  const post = (path: RegExp, shape: string, run: SandboxOperation['run']): SandboxOperation => ({
    method: 'POST',
    path,
    shape,
    run,
  });
  const ofCustomer = (form: Form) => (one: StripeObject) => one['customer'] === textOf(form, 'customer');
  return [
    get(/^\/v1\/customers\/search$/, 'CustomerSearchParams', (form) => {
      const [, partner] = /^metadata\['partner_id'\]:'([^']+)'$/.exec(textOf(form, 'query') ?? '') ?? [];
      if (partner === undefined) throw invalid('The query cannot be parsed.', 'query');
      const data = store.list('customer', (one) => (one['metadata'] as Form)['partner_id'] === partner);
      return { object: 'search_result', url: '/v1/customers/search', data, has_more: false, next_page: null };
    }),
    post(/^\/v1\/customers$/, 'CustomerCreateParams', (form) =>
      store.make('cus', 'customer', {
        name: form['name'] ?? null,
        email: form['email'] ?? null,
        metadata: form['metadata'] ?? {},
      }),
    ),
    post(/^\/v1\/setup_intents$/, 'SetupIntentCreateParams', (form) => {
      const customer = store.get(textOf(form, 'customer') ?? '', 'customer');
      const intent = store.make('seti', 'setup_intent', {
        customer: customer.id,
        usage: form['usage'] ?? 'off_session',
        payment_method: null,
        status: 'requires_payment_method',
        metadata: form['metadata'] ?? {},
      });
      intent['client_secret'] = `${intent.id}_secret_sandbox`;
      return intent;
    }),
    get(/^\/v1\/payment_methods$/, 'PaymentMethodListParams', (form) =>
      page(store.list('payment_method', ofCustomer(form)), form, '/v1/payment_methods'),
    ),
    get(/^\/v1\/payment_methods\/(\w+)$/, 'PaymentMethodRetrieveParams', (_form, id) =>
      store.get(id, 'payment_method'),
    ),
    post(/^\/v1\/payment_methods\/(\w+)\/detach$/, 'PaymentMethodDetachParams', (_form, id) => {
      const method = store.get(id, 'payment_method');
      method['customer'] = null;
      announce('payment_method.detached', method);
      return method;
    }),
    get(/^\/v1\/payment_intents$/, 'PaymentIntentListParams', (form) =>
      page(store.list('payment_intent', ofCustomer(form)), form, '/v1/payment_intents'),
    ),
    post(/^\/v1\/payment_intents$/, 'PaymentIntentCreateParams', (form) => intents.create(form)),
    get(/^\/v1\/payment_intents\/(\w+)$/, 'PaymentIntentRetrieveParams', (_form, id) =>
      store.get(id, 'payment_intent'),
    ),
    post(/^\/v1\/payment_intents\/(\w+)\/cancel$/, 'PaymentIntentCancelParams', (_form, id) => intents.cancel(id)),
    get(/^\/v1\/refunds$/, 'RefundListParams', (form) =>
      page(
        store.list('refund', (one) => one['payment_intent'] === textOf(form, 'payment_intent')),
        form,
        '/v1/refunds',
      ),
    ),
    post(/^\/v1\/refunds$/, 'RefundCreateParams', (form) => refunds.create(form)),
    get(/^\/v1\/refunds\/(\w+)$/, 'RefundRetrieveParams', (_form, id) => store.get(id, 'refund')),
  ];
}

/** What the customer's browser does with a setup: a payment method is saved. */
export function finishSetup(
  store: ObjectStore,
  setupId: string,
  name: string,
  announce: (type: string, object: StripeObject) => void,
): StripeObject {
  if (!isTestMethod(name)) throw invalid(`${name} is none of the test methods`, 'payment_method');
  const intent = store.get(setupId, 'setup_intent');
  const { card } = TEST_METHODS[name];
  const method = store.make('pm', 'payment_method', {
    customer: intent['customer'],
    type: card ? 'card' : 'sepa_debit',
    ...(card ? { card: { ...card, exp_month: 12, exp_year: 2040 } } : { sepa_debit: { last4: '3000' } }),
    test_method: name,
    metadata: {},
  });
  intent['payment_method'] = method.id;
  intent['status'] = 'succeeded';
  announce('payment_method.attached', method);
  announce('setup_intent.succeeded', intent);
  return method;
}
