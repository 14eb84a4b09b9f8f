import type { PreviewLine } from '#billing/api';
import { type RatedPeriod, type TaxLine, type TaxTreatment, taxOn } from '#billing/rating';
import { invoicePreview } from './preview.ts';
import type { RatedMonth } from './rated-month.ts';

/** What late use added to an earlier month, to be paid with this invoice. */
export interface LateCharge {
  readonly id: string;
  readonly serviceMonth: string;
  readonly component: string;
  readonly priceVersion: string;
  readonly kind: PreviewLine['kind'];
  readonly description: string;
  readonly taxClass: string;
  /** Minor units; a part of a charge may be negative, its whole is not. */
  readonly net: bigint;
}

/** One line as it is kept: net = minor - discount. */
export interface InvoiceLine {
  readonly serviceMonth: string;
  readonly component: string;
  readonly priceVersion: string;
  readonly kind: PreviewLine['kind'];
  readonly description: string;
  readonly quantity: string;
  readonly unit: string;
  readonly unitPrice: string;
  readonly evidence: string;
  readonly taxClass: string;
  readonly minor: bigint;
  readonly discount: bigint;
  readonly tax: bigint;
}

export interface ComposedInvoice {
  readonly lines: readonly InvoiceLine[];
  readonly taxes: readonly TaxLine[];
  readonly net: bigint;
  readonly tax: bigint;
  readonly total: bigint;
}

/** A month's lines and the late charges of earlier ones, taxed together by class. */
export function composeInvoice(
  month: RatedMonth,
  late: readonly LateCharge[],
  treatment: TaxTreatment,
): ComposedInvoice {
  const untaxed = [...ownLines(month), ...late.map(lateLine)];
  const { lines: taxes, allocated } = taxOn(
    untaxed.map(({ taxClass, minor, discount }) => ({ taxClass, net: minor - discount })),
    treatment,
  );
  const net = sum(untaxed.map(({ minor, discount }) => minor - discount));
  const tax = sum(taxes.map((line) => line.tax));
  return {
    lines: untaxed.map((line, index) => ({ ...line, tax: allocated[index]! })),
    taxes,
    net,
    tax,
    total: net + tax,
  };
}

/** A month that came to nothing is closed without a number. */
export const isNothing = ({ lines }: ComposedInvoice): boolean => lines.every(({ minor }) => minor === 0n);

function ownLines(month: RatedMonth): Omit<InvoiceLine, 'tax'>[] {
  const { rated } = month;
  const shown = invoicePreview(month).lines;
  return rated.lines.map((line, index) => {
    const { kind, description, quantity, unit, unitPrice, evidence } = shown[index]!;
    return {
      serviceMonth: rated.period.month,
      component: line.component,
      priceVersion: line.priceVersion,
      kind,
      description,
      quantity,
      unit,
      unitPrice,
      evidence,
      taxClass: line.taxClass,
      minor: line.minor,
      discount: discountOn(rated, index),
    };
  });
}

const discountOn = ({ discounts }: RatedPeriod, index: number): bigint =>
  sum(discounts.map(({ allocated }) => allocated[index]!));

function lateLine(charge: LateCharge): Omit<InvoiceLine, 'tax'> {
  const { net, serviceMonth, component, priceVersion, kind, description, taxClass } = charge;
  return {
    serviceMonth,
    component,
    priceVersion,
    kind,
    description: `${description}, counted late for ${serviceMonth}`,
    quantity: '1',
    unit: 'adjustment',
    unitPrice: '',
    evidence: '',
    taxClass,
    minor: net,
    discount: 0n,
  };
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((a, b) => a + b, 0n);
