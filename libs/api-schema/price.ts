import { z } from 'zod';
import { PreviewLine } from './billing.ts';
import { LocalDate, Name } from './page.ts';

const Decimal = z.string().max(40).describe('Decimal, major units, at most 10 digits after the point');
const Tier = z.strictObject({
  upTo: Decimal.nullable().describe('Last unit of the tier; null on the last tier alone'),
  price: Decimal,
  flat: Decimal.exactOptional().describe('Once, when the tier is reached'),
});
const Tiers = z.array(Tier).min(1).max(50);

/** What a quantity costs. */
export const PriceModel = z
  .discriminatedUnion('model', [
    z.strictObject({ model: z.literal('flat'), amount: Decimal }),
    z.strictObject({ model: z.literal('unit'), price: Decimal }),
    z.strictObject({ model: z.literal('graduated'), tiers: Tiers }),
    z.strictObject({ model: z.literal('volume'), tiers: Tiers }),
    z.strictObject({ model: z.literal('package'), size: Decimal, price: Decimal }),
    z.strictObject({
      model: z.literal('percentage'),
      percent: Decimal,
      minimum: Decimal.exactOptional(),
      maximum: Decimal.exactOptional(),
    }),
  ])
  .meta({ id: 'PriceModel' });

export const NewPriceComponent = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,63}$/)
      .describe('Stable across versions'),
    kind: PreviewLine.shape.kind.exclude(['commitment', 'discount']),
    meters: z.array(z.string()).max(20).describe('Built-in meters and codes of add-on meters; none for a fee'),
    measure: z.enum([
      'hours',
      'peak',
      'average',
      'prorated',
      'gigabyte-months',
      'total',
      'maximum',
      'unique',
      'level',
      'none',
    ]),
    price: PriceModel,
    description: z.string().min(1).max(200),
    unit: z.string().min(1).max(40),
    taxClass: z.string().min(1).max(40).exactOptional(),
    countsTowardCommitment: z.boolean().exactOptional().describe('Default: everything but fees'),
  })
  .meta({ id: 'NewPriceComponent' });

export const PublishPriceList = z
  .strictObject({
    partner: Name.exactOptional().describe('Id or slug of the only partner it is for; default every partner'),
    name: z.string().min(1).max(100).describe('The next version of the list of this name, or its first'),
    currency: z.string().regex(/^[A-Z]{3}$/),
    components: z.array(NewPriceComponent).min(1).max(100),
  })
  .meta({ id: 'PublishPriceList' });

export const PublishedPriceList = z
  .object({ id: z.uuid().describe('Of the version: what subscriptions are changed to'), name: z.string() })
  .meta({ id: 'PublishedPriceList' });

export const ChangeSubscription = z
  .strictObject({
    version: z.uuid().describe('A price list version'),
    from: LocalDate.exactOptional().describe('The first date of the new prices; default today'),
  })
  .meta({ id: 'ChangeSubscription' });
