import {
  type BillingAccount,
  type BillingAccounts,
  DEFAULT_PRICE_LIST_VERSION,
  type PriceSegment,
  readPriceModel,
  readTerms,
  type TermsJson,
} from '#billing/api';
import type { LineKind, Measure, PriceComponent, PriceList } from '#billing/rating';
import { billingPeriod, isoDay, localDay, startOfDay } from '#billing/rating';
import type { Database } from '#database';
import { assert, present } from '#stdx';
import { agreedTerms } from './agreed-terms.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface PartnerRow {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly time_zone: string;
  readonly created_at: Date;
}

interface SegmentRow {
  readonly time_zone: string;
  readonly anchor_day: number;
  readonly subscribed: Date;
  readonly unsubscribed: Date | null;
  readonly version: string;
  readonly started: Date;
  readonly ended: Date | null;
}

interface ComponentRow {
  readonly version_id: string;
  readonly currency: string;
  readonly component: string;
  readonly kind: LineKind;
  readonly meters: string[];
  readonly measure: Measure;
  readonly model: unknown;
  readonly description: string;
  readonly unit: string;
  readonly tax_class: string;
  readonly counts_toward_commitment: boolean;
}

/** Who pays what, from PostgreSQL. Price list versions never change, so each is read once. */
export class PostgresBillingAccounts implements BillingAccounts {
  private readonly priceLists = new Map<string, PriceList>();

  constructor(private readonly database: Database) {}

  async find(partner: string, month?: string): Promise<BillingAccount | undefined> {
    const [row] = await this.database.query<PartnerRow>(
      `SELECT id, slug, name, time_zone, created_at FROM partner WHERE ${UUID.test(partner) ? 'id' : 'slug'} = $1`,
      [partner],
    );
    return row && this.account(row, month);
  }

  recall(partnerId: string, terms: TermsJson): Promise<BillingAccount> {
    return readTerms(partnerId, terms, (version) => this.priceList(version));
  }

  private async account(
    { id, slug, name, time_zone, created_at }: PartnerRow,
    month: string | undefined,
  ): Promise<BillingAccount> {
    const rows = await this.database.query<SegmentRow>(
      `SELECT time_zone, anchor_day, subscription.started AS subscribed, subscription.ended AS unsubscribed,
         price_list_version_id AS version, segment.started, segment.ended
       FROM subscription JOIN subscription_segment segment ON segment.subscription_id = subscription.id
       WHERE subscription.partner_id = $1 ORDER BY segment.started`,
      [id],
    );
    const first = rows[0];
    const subscribed = first?.subscribed ?? created_at;
    const zone = first?.time_zone ?? time_zone;
    const started = startOfDay(subscribed.getTime(), zone);
    const anchorDay = first?.anchor_day ?? 1;
    const taxed = month === undefined ? undefined : lastDate(month, zone, anchorDay);
    const { treatment, ...agreed } = await agreedTerms(this.database, id, taxed);
    return {
      partnerId: id,
      slug,
      name,
      zone,
      anchorDay,
      started,
      ended: rows.at(-1)?.unsubscribed?.getTime() ?? null,
      segments: first
        ? await Promise.all(rows.map((row) => this.segment(row)))
        : [{ prices: await this.priceList(DEFAULT_PRICE_LIST_VERSION), from: started, to: null }],
      ...agreed,
      // A rate that is missing fails the month that needs it, and nobody who only asks when that month ends.
      get tax() {
        return treatment();
      },
    };
  }

  private async segment({ version, started, ended }: SegmentRow): Promise<PriceSegment> {
    return {
      prices: await this.priceList(version),
      from: started.getTime(),
      to: ended?.getTime() ?? null,
    };
  }

  private async priceList(version: string): Promise<PriceList> {
    const known = this.priceLists.get(version);
    if (known) return known;
    const rows = await this.database.query<ComponentRow>(
      `SELECT price_component.*, currency FROM price_component JOIN price_list_version ON price_list_version.id = version_id
       WHERE version_id = $1 ORDER BY position`,
      [version],
    );
    const list = {
      version,
      currency: present(rows[0], `price list ${version}`).currency,
      components: rows.map(component),
    };
    this.priceLists.set(version, list);
    return list;
  }
}

/** A month's use is supplied when the month ends (Directive 2006/112/EC art. 64): `2026-01-31`. */
const lastDate = (month: string, zone: string, anchorDay: number): string =>
  isoDay(localDay(billingPeriod(month, zone, anchorDay).to - 1, zone));

function component(row: ComponentRow): PriceComponent {
  const price = readPriceModel(row.model);
  assert(price.ok, `a readable price of ${row.component} in ${row.version_id}`);
  return {
    id: row.component,
    kind: row.kind,
    meters: row.meters,
    measure: row.measure,
    price: price.value,
    description: row.description,
    unit: row.unit,
    taxClass: row.tax_class,
    countsTowardCommitment: row.counts_toward_commitment,
  };
}
