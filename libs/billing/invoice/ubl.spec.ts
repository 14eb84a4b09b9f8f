import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { decimal } from '#billing/rating';
import {
  type CreditNoteRecord,
  crossIndustryInvoice,
  invoiceCsv,
  invoiceDocument,
  renderHtml,
  ublCreditNote,
  ublInvoice,
  xrechnungGaps,
} from './index.ts';
import { sampleInvoice } from './sample-invoice.spec.ts';

const german = {
  ...sampleInvoice,
  seller: {
    ...sampleInvoice.seller,
    email: 'billing@rookery.example',
    iban: 'DE89370400440532013000',
    contact: { name: 'Billing', phone: '+49 30 1234567', email: 'billing@rookery.example' },
  },
  customer: {
    name: 'Amt & Söhne',
    address: ['Allee 7', '80331 München'],
    country: 'DE',
    vatId: null,
    email: 'rechnung@amt.example',
  },
  electronic: { format: 'xrechnung', buyerReference: '04011000-12345-03' } as const,
};

/** Names of the elements right under the root, in order, each once. */
const outline = (xml: string): string[] => {
  const names: string[] = [];
  let depth = 0;
  for (const [, closing, name] of xml.matchAll(/<(\/?)((?:cac|cbc):\w+|Invoice|CreditNote)[^>]*>/g)) {
    if (closing) depth--;
    else if (++depth === 2 && names.at(-1) !== name) names.push(name ?? '');
  }
  return names;
};

describe('UBL', () => {
  it('outside the scope of VAT nobody’s VAT number is named (BR-O-02), and XRechnung, which wants a rate, is not to be had', () => {
    const taxes = [
      { taxClass: 'standard', category: 'O' as const, percent: decimal('0'), net: 5357n, tax: 0n, note: 'Abroad' },
    ];
    const abroad = {
      ...german,
      customer: { ...german.customer, country: 'US', vatId: 'US1' },
      taxes,
      tax: 0n,
      total: 5357n,
    };
    for (const xml of [ublInvoice(abroad, 'ubl'), crossIndustryInvoice(abroad)]) {
      assert(xml);
      assert.doesNotMatch(xml, /US1|PartyTaxScheme|SpecifiedTaxRegistration/);
      assert.match(xml, /<(cbc|ram):ID>DE123456789</);
    }
    assert.deepEqual(xrechnungGaps(abroad).length, 1);
    assert.match(xrechnungGaps(abroad)[0] ?? '', /BR-DE-14/);
  });

  it('a currency with thousandths cannot be said in the norm (BR-DEC), so it is not', () => {
    const dinars = { ...german, currency: 'KWD' };
    assert.equal(ublInvoice(dinars, 'ubl'), undefined);
    assert.equal(crossIndustryInvoice(dinars), undefined);
    assert.ok(ublInvoice({ ...german, currency: 'JPY' }, 'ubl'));
  });

  it('says what the invoice says, in the order of the schema', () => {
    const xml = ublInvoice(german, 'xrechnung')!;
    for (const part of [
      '<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0</cbc:CustomizationID>',
      '<cbc:BuyerReference>04011000-12345-03</cbc:BuyerReference>',
      '<cbc:EndpointID schemeID="EM">rechnung@amt.example</cbc:EndpointID>',
      '<cbc:CityName>München</cbc:CityName><cbc:PostalZone>80331</cbc:PostalZone>',
      '<cbc:RegistrationName>Amt &#38; Söhne</cbc:RegistrationName>',
      '<cac:PayeeFinancialAccount><cbc:ID>DE89370400440532013000</cbc:ID></cac:PayeeFinancialAccount>',
      '<cbc:PriceAmount currencyID="EUR">59.52</cbc:PriceAmount><cbc:BaseQuantity unitCode="HUR">744</cbc:BaseQuantity>',
      '<cbc:TaxableAmount currencyID="EUR">53.57</cbc:TaxableAmount><cbc:TaxAmount currencyID="EUR">10.18</cbc:TaxAmount>',
      '<cbc:PrepaidAmount currencyID="EUR">50.00</cbc:PrepaidAmount><cbc:PayableAmount currencyID="EUR">13.75</cbc:PayableAmount>',
    ])
      assert(xml.includes(part), part);
    // UBL-Invoice-2.1.xsd is a sequence.
    assert.deepEqual(outline(xml), [
      'cbc:CustomizationID',
      'cbc:ProfileID',
      'cbc:ID',
      'cbc:IssueDate',
      'cbc:DueDate',
      'cbc:InvoiceTypeCode',
      'cbc:DocumentCurrencyCode',
      'cbc:BuyerReference',
      'cac:InvoicePeriod',
      'cac:AccountingSupplierParty',
      'cac:AccountingCustomerParty',
      'cac:PaymentMeans',
      'cac:TaxTotal',
      'cac:LegalMonetaryTotal',
      'cac:InvoiceLine',
    ]);
  });

  it('names what XRechnung asks for and is not there', () => {
    assert.deepEqual(xrechnungGaps(german), []);
    const gaps = xrechnungGaps({ ...sampleInvoice, customer: { ...sampleInvoice.customer, address: ['somewhere'] } });
    assert.deepEqual(
      gaps.map((gap) => /\(([A-Z0-9-]+)/.exec(gap)?.[1]),
      ['BR-DE-15', 'BR-DE-1', 'BR-DE-2', 'BR-DE-8', 'PEPPOL-EN16931-R010'],
    );
    assert.equal(
      ublInvoice({ ...sampleInvoice, seller: { ...sampleInvoice.seller, country: null } }, 'ubl'),
      undefined,
    );
  });

  it('is well-formed', (test) => {
    const probe = spawnSync('xmllint', ['--version']);
    if (probe.error) return test.skip('xmllint (libxml2-utils) is not installed');
    for (const xml of [
      ublInvoice(german, 'ubl')!,
      ublCreditNote(note)!,
      renderHtml(invoiceDocument(german)).replace(/<!doctype html>|<meta[^>]*>|<br>/g, ''),
    ]) {
      const { status, stderr } = spawnSync('xmllint', ['--noout', '-'], { input: xml, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    }
  });

  const note: CreditNoteRecord = {
    id: 'n',
    partnerId: german.partnerId,
    number: 'RK-C-2026-000001',
    invoiceId: german.id,
    invoiceNumber: german.number,
    invoiceIssuedAt: german.issuedAt,
    reason: 'For the trouble',
    zone: german.zone,
    seller: german.seller,
    customer: german.customer,
    currency: 'EUR',
    issuedAt: german.issuedAt + 86_400_000,
    lines: [{ serviceMonth: '2026-01', description: 'Goodwill', taxClass: 'standard', net: 600n }],
    taxes: [{ taxClass: 'standard', category: 'S', percent: decimal('19'), net: 600n, tax: 114n, note: null }],
    net: 600n,
    tax: 114n,
    total: 714n,
  };

  it('a credit note names its invoice', () => {
    const xml = ublCreditNote(note)!;
    for (const part of [
      '<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>',
      '<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>RK-2026-000001</cbc:ID>',
      '<cbc:PayableAmount currencyID="EUR">7.14</cbc:PayableAmount>',
    ])
      assert(xml.includes(part), part);
  });
});

describe('CSV and HTML', () => {
  it('has a line for each line, exactly, and no formula', () => {
    const [line] = sampleInvoice.lines;
    const odd = {
      ...sampleInvoice,
      lines: [line!, { ...line!, description: '=1+1, "x"', minor: -5n, discount: 0n, tax: 0n }],
    };
    const rows = invoiceCsv(odd).split('\r\n');
    assert.equal(rows.length, 4);
    assert(rows[1]!.includes(',744,hour,0.08,59.52,5.95,53.57,10.18,EUR,'), rows[1]);
    assert(rows[2]!.includes(`,"'=1+1, ""x""",744,hour,0.08,-0.05,0.00,-0.05,`), rows[2]);
  });

  it('shows everything, escaped, and fetches nothing', () => {
    const customer = { ...sampleInvoice.customer, name: '<script>alert(1)</script>' };
    const html = renderHtml(invoiceDocument({ ...sampleInvoice, customer }));
    assert(html.includes('&#60;script&#62;') && !html.includes('<script'));
    assert.match(html, /Invoice RK-2026-000001/);
    assert.doesNotMatch(html, /src=|href=|@import|url\(/);
  });
});
