import { decimal } from '#billing/rating';
import type { InvoiceRecord } from './index.ts';

/** An invoice of one line, with all its facts. */
export const sampleInvoice: InvoiceRecord = {
  id: '1',
  partnerId: '3f0c8e0a-3a54-4c35-9a2b-7f1f0b9f0c11',
  number: 'RK-2026-000001',
  month: '2026-01',
  periodStart: Date.parse('2025-12-31T23:00:00Z'),
  periodEnd: Date.parse('2026-01-31T23:00:00Z'),
  issuedAt: Date.parse('2026-02-02T08:00:00Z'),
  dueAt: Date.parse('2026-02-16T08:00:00Z'),
  currency: 'EUR',
  seller: { name: 'Rookery GmbH', address: ['Turm 1', '10115 Berlin'], country: 'DE', vatId: 'DE123456789' },
  customer: { name: 'Ö & <Söhne> "AG"', address: [], country: 'DE', vatId: null },
  zone: 'Europe/Berlin',
  wallet: '5000',
  engineVersion: '1',
  digest: 'abcdef0123456789',
  breakdowns: [],
  lines: [
    {
      serviceMonth: '2026-01',
      component: 'hub-hours',
      priceVersion: 'v',
      kind: 'hub-hours',
      description: 'Hub hours',
      quantity: '744',
      unit: 'hour',
      unitPrice: '0.08',
      evidence: '/api/v1/partners/3f0c8e0a-3a54-4c35-9a2b-7f1f0b9f0c11/usage/intervals?meter=hub&month=2026-01',
      taxClass: 'standard',
      minor: 5952n,
      discount: 595n,
      tax: 1018n,
    },
  ],
  taxes: [{ taxClass: 'standard', category: 'S', percent: decimal('19'), net: 5357n, tax: 1018n, note: null }],
  net: 5357n,
  tax: 1018n,
  total: 6375n,
};
