import type { Commitment, Coupon, PriceList, Span, TaxTreatment } from '#billing/rating';

/** Version of the price list of who has agreed nothing else; made by the migration, never changed. */
export const DEFAULT_PRICE_LIST_VERSION = '00000000-0000-4000-8000-000000000001';

/** All that rating needs to know of a partner besides its usage. Instants are milliseconds. */
export interface BillingAccount {
  readonly partnerId: string;
  readonly slug: string;
  readonly name: string;
  /** IANA zone its months are cut in. */
  readonly zone: string;
  /** Date its months begin on, 1 … 31. */
  readonly anchorDay: number;
  /** From the start of its first local date. */
  readonly started: number;
  readonly ended: number | null;
  /** Price versions in force, in order, tiling [started, ended). */
  readonly segments: readonly PriceSegment[];
  readonly commitments: readonly (Omit<Commitment, 'span'> & OpenSpan)[];
  readonly coupons: readonly (Coupon & OpenSpan)[];
  readonly tax: TaxTreatment;
}

export interface OpenSpan {
  readonly from: number;
  readonly to: number | null;
}

export interface PriceSegment extends OpenSpan {
  readonly prices: PriceList;
}

/** Closed union of what billing refuses. */
export type BillingError =
  | {
      readonly code: 'notFound';
      readonly what:
        | 'partner'
        | 'invoice'
        | 'creditNote'
        | 'priceList'
        | 'line'
        | 'paymentMethod'
        | 'webhook'
        | 'dispute'
        | 'threshold'
        | 'commitment'
        | 'coupon'
        | 'taxRate';
    }
  | { readonly code: 'invalid'; readonly field: string; readonly reason: string }
  | { readonly code: 'conflict'; readonly what: string };

/** An open span with its end in a period. */
export const endedBy = ({ from, to }: OpenSpan, end: number): Span => ({ from, to: to ?? end });
