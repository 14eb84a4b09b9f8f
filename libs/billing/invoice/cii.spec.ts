import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decimal } from '#billing/rating';
import { crossIndustryInvoice, invoiceDocument, renderPdf } from './index.ts';
import { sampleInvoice as record } from './sample-invoice.spec.ts';

describe('electronic invoice', () => {
  it('says in XML what the invoice says', () => {
    const xml = crossIndustryInvoice(record)!;
    for (const part of [
      '<ram:ID>urn:cen.eu:en16931:2017</ram:ID>',
      '<ram:ID>RK-2026-000001</ram:ID><ram:TypeCode>380</ram:TypeCode>',
      '<udt:DateTimeString format="102">20260202</udt:DateTimeString>',
      '<ram:ChargeAmount>59.52</ram:ChargeAmount><ram:BasisQuantity unitCode="HUR">744</ram:BasisQuantity>',
      '<ram:ActualAmount>5.95</ram:ActualAmount>',
      '<ram:LineTotalAmount>53.57</ram:LineTotalAmount>',
      '<ram:CalculatedAmount>10.18</ram:CalculatedAmount><ram:TypeCode>VAT</ram:TypeCode><ram:BasisAmount>53.57</ram:BasisAmount><ram:CategoryCode>S</ram:CategoryCode><ram:RateApplicablePercent>19</ram:RateApplicablePercent>',
      '<ram:GrandTotalAmount>63.75</ram:GrandTotalAmount><ram:TotalPrepaidAmount>50.00</ram:TotalPrepaidAmount><ram:DuePayableAmount>13.75</ram:DuePayableAmount>',
      '<ram:Name>Ö &#38; &#60;Söhne&#62; &#34;AG&#34;</ram:Name>',
      '<ram:ID schemeID="VA">DE123456789</ram:ID>',
      '<ram:StartDateTime><udt:DateTimeString format="102">20260101</udt:DateTimeString></ram:StartDateTime><ram:EndDateTime><udt:DateTimeString format="102">20260131</udt:DateTimeString>',
    ])
      assert.ok(xml.includes(part), part);
  });

  it('has no electronic form while its mandatory facts are missing', () => {
    const { seller, customer } = record;
    assert.equal(crossIndustryInvoice({ ...record, seller: { ...seller, country: null } }), undefined);
    assert.equal(crossIndustryInvoice({ ...record, seller: { ...seller, vatId: null } }), undefined);
    assert.equal(crossIndustryInvoice({ ...record, customer: { ...customer, country: null } }), undefined);
    const reverse = {
      ...record.taxes[0]!,
      category: 'AE' as const,
      percent: decimal('0'),
      tax: 0n,
      note: 'Reverse charge',
    };
    assert.equal(crossIndustryInvoice({ ...record, taxes: [reverse] }), undefined);
    const xml = crossIndustryInvoice({ ...record, taxes: [reverse], customer: { ...customer, vatId: 'ATU12345678' } })!;
    assert.match(xml, /<ram:ExemptionReason>Reverse charge.*<ram:ExemptionReasonCode>VATEX-EU-AE</);
  });

  it('is inside the PDF as Factur-X wants it, the same to the byte each time', async () => {
    const render = () => renderPdf(invoiceDocument(record), crossIndustryInvoice(record));
    const pdf = await render();
    assert.ok(pdf.equals(await render()));
    const text = pdf.toString('latin1');
    for (const part of [
      '/AFRelationship /Alternative',
      'factur-x.xml',
      '<fx:ConformanceLevel>EN 16931',
      'pdfaid:part>3',
    ])
      assert.ok(text.includes(part), part);
  });

  it('takes the wallet off what is due', () => {
    const totals = invoiceDocument(record).totals.map(([label, amount]) => `${label} ${amount}`);
    assert.deepEqual(totals, [
      'Discount \u22125.95',
      'Net 53.57',
      'VAT 19 % 10.18',
      'Total 63.75 EUR',
      'Paid from the wallet \u221250.00',
      'Due 13.75 EUR',
    ]);
  });
});
