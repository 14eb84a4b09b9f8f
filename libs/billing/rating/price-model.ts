import { assert, unreachable } from '#stdx';
import {
  add,
  ceiling,
  compare,
  divide,
  greater,
  lesser,
  multiply,
  ONE,
  type Ratio,
  ratio,
  subtract,
  ZERO,
} from './ratio.ts';

/** Prices are exact major units of the price list's currency. */
export type PriceModel =
  /** `amount` a period, by local days. */
  | { readonly model: 'flat'; readonly amount: Ratio }
  | { readonly model: 'unit'; readonly price: Ratio }
  /** Each tier prices the units that fall in it. */
  | { readonly model: 'graduated'; readonly tiers: readonly Tier[] }
  /** The tier the whole quantity reaches prices all of it. */
  | { readonly model: 'volume'; readonly tiers: readonly Tier[] }
  /** `price` for each started `size`. */
  | { readonly model: 'package'; readonly size: Ratio; readonly price: Ratio }
  /** `percent` of the quantity, which is money in major units, within the optional bounds. */
  | { readonly model: 'percentage'; readonly percent: Ratio; readonly minimum?: Ratio; readonly maximum?: Ratio };

export interface Tier {
  /** Last unit of the tier, inclusive; `null` on the last tier alone. */
  readonly upTo: Ratio | null;
  readonly price: Ratio;
  /** Once, when the tier is reached. */
  readonly flat?: Ratio;
}

/** Why a model cannot be used, or `undefined`. */
export function faultOfModel(model: PriceModel): string | undefined {
  switch (model.model) {
    case 'flat':
    case 'unit':
      return undefined;
    case 'package':
      return model.size.num > 0n ? undefined : 'a package holds more than nothing';
    case 'percentage':
      return model.minimum && model.maximum && compare(model.minimum, model.maximum) > 0
        ? 'the minimum is above the maximum'
        : undefined;
    case 'graduated':
    case 'volume':
      return faultOfTiers(model.tiers);
    default:
      return unreachable(model);
  }
}

/**
 * What `quantity` costs, exactly. `share` is the part of the period the price held (days ÷ days of the period): it
 * scales flat amounts, tier bounds and percentage bounds, and leaves quantities as measured.
 */
export function charge(model: PriceModel, quantity: Ratio, share: Ratio = ONE): Ratio {
  switch (model.model) {
    case 'flat':
      return multiply(model.amount, share);
    case 'unit':
      return multiply(model.price, quantity);
    case 'graduated':
      return graduated(model.tiers, quantity, share);
    case 'volume':
      return volume(model.tiers, quantity, share);
    case 'package':
      return multiply(model.price, ratio(ceiling(divide(greater(quantity, ZERO), model.size))));
    case 'percentage': {
      const amount = multiply(quantity, divide(model.percent, ratio(100)));
      const atLeast = model.minimum ? greater(amount, multiply(model.minimum, share)) : amount;
      return model.maximum ? lesser(atLeast, multiply(model.maximum, share)) : atLeast;
    }
    default:
      return unreachable(model);
  }
}

function graduated(tiers: readonly Tier[], quantity: Ratio, share: Ratio): Ratio {
  let total = ZERO;
  let below = ZERO;
  for (const tier of tiers) {
    if (compare(quantity, below) <= 0) break;
    const bound = tier.upTo ? multiply(tier.upTo, share) : quantity;
    total = add(total, multiply(tier.price, subtract(lesser(quantity, bound), below)));
    if (tier.flat) total = add(total, multiply(tier.flat, share));
    below = bound;
  }
  return total;
}

function volume(tiers: readonly Tier[], quantity: Ratio, share: Ratio): Ratio {
  if (quantity.num <= 0n) return ZERO;
  const tier = tiers.find(({ upTo }) => upTo === null || compare(quantity, multiply(upTo, share)) <= 0);
  assert(tier, 'the last tier has no end');
  return add(multiply(tier.price, quantity), multiply(tier.flat ?? ZERO, share));
}

function faultOfTiers(tiers: readonly Tier[]): string | undefined {
  let below: Ratio = ZERO;
  for (const [index, { upTo }] of tiers.entries()) {
    const last = index === tiers.length - 1;
    if ((upTo === null) !== last) return 'the last tier, and only it, has no end';
    if (upTo && compare(upTo, below) <= 0) return 'tier bounds rise';
    if (upTo) below = upTo;
  }
  return tiers.length === 0 ? 'there is at least one tier' : undefined;
}
