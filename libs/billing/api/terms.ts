import { type Coupon, decimal, formatDecimal, type PriceList, type TaxTreatment } from '#billing/rating';
import type { BillingAccount } from './model.ts';

/** A partner's terms as a rating run keeps them: with the price versions they name, the month can be rated again. */
export interface TermsJson {
  readonly slug: string;
  readonly name: string;
  readonly zone: string;
  readonly anchorDay: number;
  readonly started: number;
  readonly ended: number | null;
  readonly segments: readonly { readonly version: string; readonly from: number; readonly to: number | null }[];
  readonly commitments: readonly { readonly amount: string; readonly from: number; readonly to: number | null }[];
  readonly coupons: readonly {
    readonly id: string;
    readonly description: string;
    readonly percent?: string;
    readonly minor?: string;
    readonly from: number;
    readonly to: number | null;
  }[];
  readonly tax:
    | { readonly kind: 'rates'; readonly percents: Readonly<Record<string, string>> }
    | { readonly kind: 'reverseCharge' }
    | { readonly kind: 'outsideScope'; readonly reason: string };
}

const DIGITS = 10;

export function writeTerms(account: BillingAccount): TermsJson {
  const { slug, name, zone, anchorDay, started, ended, tax } = account;
  return {
    slug,
    name,
    zone,
    anchorDay,
    started,
    ended,
    segments: account.segments.map(({ prices, from, to }) => ({ version: prices.version, from, to })),
    commitments: account.commitments.map(({ amount, from, to }) => ({
      amount: formatDecimal(amount, DIGITS),
      from,
      to,
    })),
    coupons: account.coupons.map((coupon) => ({
      id: coupon.id,
      description: coupon.description,
      ...(coupon.off === 'percent'
        ? { percent: formatDecimal(coupon.percent, DIGITS) }
        : { minor: String(coupon.minor) }),
      from: coupon.from,
      to: coupon.to,
    })),
    tax:
      tax.kind === 'rates'
        ? {
            kind: 'rates',
            percents: Object.fromEntries(
              [...tax.percents].map(([name, percent]) => [name, formatDecimal(percent, DIGITS)]),
            ),
          }
        : tax,
  };
}

/** The account as it was; `priceList` reads a version. */
export async function readTerms(
  partnerId: string,
  terms: TermsJson,
  priceList: (version: string) => Promise<PriceList>,
): Promise<BillingAccount> {
  const { slug, name, zone, anchorDay, started, ended } = terms;
  return {
    partnerId,
    slug,
    name,
    zone,
    anchorDay,
    started,
    ended,
    segments: await Promise.all(
      terms.segments.map(async ({ version, from, to }) => ({ prices: await priceList(version), from, to })),
    ),
    commitments: terms.commitments.map(({ amount, from, to }) => ({ amount: decimal(amount), from, to })),
    coupons: terms.coupons.map(({ id, description, percent, minor, from, to }) => ({
      ...(percent === undefined
        ? ({ id, description, off: 'amount', minor: BigInt(minor ?? '0') } satisfies Coupon)
        : ({ id, description, off: 'percent', percent: decimal(percent) } satisfies Coupon)),
      from,
      to,
    })),
    tax: readTax(terms.tax),
  };
}

function readTax(tax: TermsJson['tax']): TaxTreatment {
  if (tax.kind !== 'rates') return tax;
  return {
    kind: 'rates',
    percents: new Map(Object.entries(tax.percents).map(([name, percent]) => [name, decimal(percent)])),
  };
}
