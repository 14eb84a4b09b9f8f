import {
  decimal,
  faultOfModel,
  formatDecimal,
  isDecimal,
  type PriceModel,
  type Ratio,
  type Tier,
} from '#billing/rating';
import { err, ok, type Result } from '#stdx';

/** A price model as it is kept and sent: every price and bound a decimal string, so that nobody's float touches it. */
export type PriceModelJson =
  | { readonly model: 'flat'; readonly amount: string }
  | { readonly model: 'unit'; readonly price: string }
  | { readonly model: 'graduated' | 'volume'; readonly tiers: readonly TierJson[] }
  | { readonly model: 'package'; readonly size: string; readonly price: string }
  | { readonly model: 'percentage'; readonly percent: string; readonly minimum?: string; readonly maximum?: string };

export interface TierJson {
  readonly upTo: string | null;
  readonly price: string;
  readonly flat?: string;
}

/** Digits a price may have after the point: numeric(20,10) of the catalogue. */
const PRICE_DIGITS = 10;
const TIERS_MAX = 50;

/** Reads a model from JSON. The error says which part is wrong. */
export function readPriceModel(json: unknown): Result<PriceModel, string> {
  if (typeof json !== 'object' || json === null) return err('a price model is an object');
  const given = json as Record<string, unknown>;
  const faults: string[] = [];
  const amount = (holder: Record<string, unknown>, name: string): Ratio => {
    const value = holder[name];
    const fits = typeof value === 'string' && isDecimal(value) && (value.split('.')[1] ?? '').length <= PRICE_DIGITS;
    if (fits && !value.startsWith('-')) return decimal(value);
    faults.push(`${name} is a decimal string, not negative, with at most ${PRICE_DIGITS} digits after the point`);
    return decimal('0');
  };
  const optional = <Name extends string>(holder: Record<string, unknown>, name: Name): { [K in Name]?: Ratio } =>
    holder[name] === undefined ? {} : ({ [name]: amount(holder, name) } as { [K in Name]?: Ratio });
  const model = build(given, amount, optional);
  if (!model) return err('model is flat, unit, graduated, volume, package or percentage');
  const fault = faults[0] ?? faultOfModel(model);
  return fault ? err(fault) : ok(model);
}

type ReadAmount = (holder: Record<string, unknown>, name: string) => Ratio;
type ReadOptional = <Name extends string>(holder: Record<string, unknown>, name: Name) => { [K in Name]?: Ratio };

function build(given: Record<string, unknown>, amount: ReadAmount, optional: ReadOptional): PriceModel | undefined {
  switch (given['model']) {
    case 'flat':
      return { model: 'flat', amount: amount(given, 'amount') };
    case 'unit':
      return { model: 'unit', price: amount(given, 'price') };
    case 'package':
      return { model: 'package', size: amount(given, 'size'), price: amount(given, 'price') };
    case 'percentage':
      return {
        model: 'percentage',
        percent: amount(given, 'percent'),
        ...optional(given, 'minimum'),
        ...optional(given, 'maximum'),
      };
    case 'graduated':
    case 'volume': {
      const rows = Array.isArray(given['tiers']) ? given['tiers'].slice(0, TIERS_MAX) : [];
      const tiers = rows.map((row: unknown): Tier => {
        const tier = (typeof row === 'object' && row !== null ? row : {}) as Record<string, unknown>;
        const upTo = tier['upTo'] === null ? null : amount(tier, 'upTo');
        return { upTo, price: amount(tier, 'price'), ...optional(tier, 'flat') };
      });
      return { model: given['model'], tiers };
    }
    default:
      return undefined;
  }
}

/** The JSON that `readPriceModel` reads back to the same model. */
export function writePriceModel(model: PriceModel): PriceModelJson {
  switch (model.model) {
    case 'flat':
      return { model: 'flat', amount: text(model.amount) };
    case 'unit':
      return { model: 'unit', price: text(model.price) };
    case 'package':
      return { model: 'package', size: text(model.size), price: text(model.price) };
    case 'percentage':
      return {
        model: 'percentage',
        percent: text(model.percent),
        ...(model.minimum ? { minimum: text(model.minimum) } : {}),
        ...(model.maximum ? { maximum: text(model.maximum) } : {}),
      };
    case 'graduated':
    case 'volume':
      return {
        model: model.model,
        tiers: model.tiers.map(({ upTo, price, flat }) => ({
          upTo: upTo && text(upTo),
          price: text(price),
          ...(flat ? { flat: text(flat) } : {}),
        })),
      };
  }
}

const text = (value: Ratio): string => formatDecimal(value, PRICE_DIGITS);
