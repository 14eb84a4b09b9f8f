import { type BillingError, type PriceModelJson, readPriceModel } from '#billing/api';
import type { LineKind, Measure } from '#billing/rating';
import type { Database } from '#database';
import { type AddOnMeter, type Aggregation, COUNTER_METERS, GAUGE_METERS, INTERVAL_METERS, metersOf } from '#metering';
import { err, ok, type Result } from '#stdx';

/** What a price list version says of one component; prices are decimal strings. */
export interface NewComponent {
  readonly id: string;
  readonly kind: LineKind;
  readonly meters: readonly string[];
  readonly measure: Measure;
  readonly price: PriceModelJson;
  readonly description: string;
  readonly unit: string;
  readonly taxClass?: string;
  /** Default: everything but fees. */
  readonly countsTowardCommitment?: boolean;
}

export interface NewPriceListVersion {
  /** `null` for everybody's. */
  readonly partnerId: string | null;
  /** The next version of the list of this name, or the first. */
  readonly name: string;
  readonly currency: string;
  readonly components: readonly NewComponent[];
}

const COMPONENTS_MAX = 100;

/** Price lists: versions are added and never changed. */
export class Catalogue {
  constructor(private readonly database: Database) {}

  /** Publishes a version and returns its id. It is in force for nobody until a subscription is changed to it. */
  async publish(list: NewPriceListVersion): Promise<Result<string, BillingError>> {
    const fault = faultOf(list);
    if (fault) return err(fault);
    const { partnerId, name, currency, components } = list;
    return this.database.transaction(async (client) => {
      const unmeasurable = faultOfMeters(components, await metersOf(client, partnerId));
      if (unmeasurable) return err(unmeasurable);
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`price_list ${partnerId ?? ''} ${name}`]);
      const { rows } = await client.query<{ id: string }>(
        `WITH found AS (SELECT id FROM price_list WHERE partner_id IS NOT DISTINCT FROM $1 AND name = $2),
         made AS (INSERT INTO price_list (partner_id, name) SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM found) RETURNING id)
         SELECT id FROM found UNION ALL SELECT id FROM made`,
        [partnerId, name],
      );
      const version = await client.query<{ id: string }>(
        `INSERT INTO price_list_version (partner_id, price_list_id, version, currency)
         SELECT $1, $2, coalesce(max(version), 0) + 1, $3 FROM price_list_version WHERE price_list_id = $2 RETURNING id`,
        [partnerId, rows[0]!.id, currency],
      );
      const { id } = version.rows[0]!;
      for (const [position, component] of components.entries())
        await client.query(
          `INSERT INTO price_component (version_id, partner_id, position, component, kind, meters, measure, model, description, unit, tax_class, counts_toward_commitment)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
          [
            id,
            partnerId,
            position,
            component.id,
            component.kind,
            component.meters,
            component.measure,
            JSON.stringify(component.price),
            component.description,
            component.unit,
            component.taxClass ?? 'standard',
            component.countsTowardCommitment ?? component.kind !== 'fee',
          ],
        );
      return ok(id);
    });
  }
}

function faultOf({ currency, components }: NewPriceListVersion): BillingError | undefined {
  const invalid = (field: string, reason: string): BillingError => ({ code: 'invalid', field, reason });
  if (!/^[A-Z]{3}$/.test(currency)) return invalid('currency', 'it is three capital letters (ISO 4217)');
  if (components.length === 0 || components.length > COMPONENTS_MAX)
    return invalid('components', `there are 1 to ${COMPONENTS_MAX}`);
  if (new Set(components.map(({ id }) => id)).size < components.length)
    return invalid('components', 'each has an id of its own');
  for (const [index, { price, measure, meters, kind }] of components.entries()) {
    const read = readPriceModel(price);
    if (!read.ok) return invalid(`components.${index}.price`, read.error);
    if ((measure === 'none') !== (meters.length === 0))
      return invalid(`components.${index}.meters`, 'a fee has none, everything else at least one');
    // Of an add-on, flat is: so much for a period in which it was used at all.
    if (price.model === 'flat' ? measure !== 'none' && kind !== 'add-on' : measure === 'none')
      return invalid(`components.${index}.price`, 'a fee is flat, and only a fee or an add-on');
  }
  return undefined;
}

const MEASURES_OF_AGGREGATION: Readonly<Record<Aggregation, Measure>> = {
  sum: 'total',
  count: 'total',
  max: 'maximum',
  unique: 'unique',
  level: 'level',
};

/** How a meter can be measured; nothing for one that is not known. */
function measuresOf(meter: string, addOns: ReadonlyMap<string, AddOnMeter>): readonly Measure[] {
  const includes = (names: readonly string[]): boolean => names.includes(meter);
  if (includes(INTERVAL_METERS)) return ['hours', 'peak', 'average', 'prorated'];
  if (includes(COUNTER_METERS)) return ['total'];
  if (includes(GAUGE_METERS)) return ['gigabyte-months'];
  const addOn = addOns.get(meter);
  return addOn ? [MEASURES_OF_AGGREGATION[addOn.aggregation]] : [];
}

/** What was priced and cannot be measured would be billed as nothing, for ever: versions are never changed. */
function faultOfMeters(components: readonly NewComponent[], addOns: readonly AddOnMeter[]): BillingError | undefined {
  const known = new Map(addOns.map((meter) => [meter.code, meter]));
  for (const [index, { meters, measure }] of components.entries())
    for (const meter of meters) {
      const measures = measuresOf(meter, known);
      if (measures.includes(measure)) continue;
      const reason =
        measures.length === 0 ? `there is no meter ${meter}` : `${meter} is measured as ${measures.join(', ')}`;
      return { code: 'invalid', field: `components.${index}.meters`, reason };
    }
  return undefined;
}
