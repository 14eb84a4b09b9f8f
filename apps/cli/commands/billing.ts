import { type BillingProfile, type BillingSeller, type InvoiceTask, ROUTES } from '#api-schema';
import type { Noun, Output } from '../command.ts';
import { fields, table } from '../table.ts';
import { termsVerbs } from './billing-terms.ts';
import { given, LIMIT, limitOf, numberOf, requireChange, wordOf } from './values.ts';

const STATES = ['waiting', 'handing', 'done', 'skipped', 'failed', 'uncertain'] as const;
const HEADINGS = ['TASK', 'PARTNER', 'EVENT', 'STATE', 'TRIES', 'WHY NOT'];
const row = (task: InvoiceTask) => [task.id, task.partner, task.event, task.state, task.attempts, task.failure];
const shown = ({ address, ...profile }: BillingProfile): Output => ({
  json: { ...profile, address },
  text: fields({ ...profile, address: address.join(' | ') }),
});

const sellerShown = ({ address, ...seller }: BillingSeller): Output => ({
  json: { ...seller, address },
  text: fields({ ...seller, address: address.join(' | ') }),
});

export const billing: Noun = {
  summary: 'whom invoices are made out to, what is agreed, and what follows from them',
  verbs: {
    ...termsVerbs,
    profile: {
      args: ['PARTNER'],
      summary: 'whom invoices are made out to and how they are handled',
      async run({ client, args: [partner = ''] }) {
        const input = { params: { partner }, query: undefined, body: undefined };
        return shown(await client.call(ROUTES.showBillingProfile, input));
      },
    },
    update: {
      args: ['PARTNER'],
      options: {
        'legal-name': { type: 'value', value: 'NAME', summary: 'as invoices are made out' },
        address: { type: 'value', value: 'LINES', summary: 'separated by |, the last one postcode and city' },
        country: { type: 'value', value: 'CODE', summary: 'for example DE' },
        'vat-id': { type: 'value', value: 'ID', summary: 'VAT number' },
        email: { type: 'value', value: 'ADDRESS', summary: 'where invoices and letters go' },
        format: { type: 'value', value: 'FORMAT', summary: 'electronic form: cii, ubl, xrechnung' },
        'buyer-reference': { type: 'value', value: 'TEXT', summary: 'for authorities: the Leitweg-ID' },
        'payment-days': { type: 'value', value: 'N', summary: 'operators only' },
        suspendable: {
          type: 'value',
          value: 'yes|no',
          summary: 'whether not paying ends in suspension; operators only',
        },
      },
      summary: 'change them; invoices already final stay as they are',
      async run({ client, args: [partner = ''], values }) {
        const suspendable = wordOf('suspendable', values['suspendable'], ['yes', 'no']);
        const body = requireChange(
          given({
            legalName: values['legal-name'],
            address: values['address']?.split('|').map((line) => line.trim()),
            country: values['country'],
            vatId: values['vat-id'],
            email: values['email'],
            electronicFormat: wordOf('format', values['format'], ['cii', 'ubl', 'xrechnung']),
            buyerReference: values['buyer-reference'],
            paymentDays: numberOf('payment-days', values['payment-days']),
            suspendable: suspendable === undefined ? undefined : suspendable === 'yes',
          }),
        );
        const params = { partner };
        const { version } = await client.call(ROUTES.showBillingProfile, { params, query: undefined, body: undefined });
        return shown(await client.call(ROUTES.updateBillingProfile, { params, query: undefined, body }, version));
      },
    },
    seller: {
      args: [],
      summary: 'what invoices say about us; operators only',
      async run({ client }) {
        return sellerShown(
          await client.call(ROUTES.showBillingSeller, { params: {}, query: undefined, body: undefined }),
        );
      },
    },
    'set-seller': {
      args: [],
      options: {
        name: { type: 'value', value: 'NAME', summary: 'who sells' },
        address: { type: 'value', value: 'LINES', summary: 'separated by |, the last one postcode and city' },
        country: { type: 'value', value: 'CODE', summary: 'for example DE; without one no tax is charged' },
        'vat-id': { type: 'value', value: 'ID', summary: 'VAT number' },
        prefix: { type: 'value', value: 'TEXT', summary: 'of invoice numbers: RK in RK-2026-000017' },
        contact: { type: 'value', value: 'NAME', summary: 'whom to ask' },
        phone: { type: 'value', value: 'NUMBER', summary: 'of the contact' },
        email: { type: 'value', value: 'ADDRESS', summary: 'of the contact; disputes go there' },
        iban: { type: 'value', value: 'IBAN', summary: 'where invoices are paid' },
      },
      summary: 'change them; invoices already final stay as they are',
      async run({ client, values }) {
        const body = requireChange(
          given({
            name: values['name'],
            address: values['address']?.split('|').map((line) => line.trim()),
            country: values['country'],
            vatId: values['vat-id'],
            numberPrefix: values['prefix'],
            contactName: values['contact'],
            phone: values['phone'],
            email: values['email'],
            iban: values['iban']?.replaceAll(' ', ''),
          }),
        );
        const { version } = await client.call(ROUTES.showBillingSeller, {
          params: {},
          query: undefined,
          body: undefined,
        });
        const input = { params: {}, query: undefined, body };
        return sellerShown(await client.call(ROUTES.updateBillingSeller, input, version));
      },
    },
    tasks: {
      args: [],
      options: { state: { type: 'value', value: 'STATE', summary: STATES.join(', ') }, limit: LIMIT },
      summary: 'documents, letters, charges and webhooks; why one is not done',
      async run(invocation) {
        const state = wordOf('state', invocation.values['state'], STATES);
        const items = await invocation.client.all('listInvoiceTasks', given({ state }), limitOf(invocation) ?? 100);
        return { json: items, text: table(HEADINGS, items.map(row)) };
      },
    },
    retry: {
      args: ['TASK'],
      summary: 'take up again what was given up',
      async run({ client, args: [task = ''] }) {
        const json = await client.call(ROUTES.retryInvoiceTask, {
          params: { task },
          query: undefined,
          body: undefined,
        });
        return { json, text: table(HEADINGS, [row(json)]) };
      },
    },
  },
};
