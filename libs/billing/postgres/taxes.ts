import { type BillingError, isEuropeanUnion, isVatId } from '#billing/api';
import type { Database } from '#database';
import { type Clock, err, ok, type Result } from '#stdx';
import { recordChange } from './billing-changes.ts';

/** Percent of a tax class in a country from a date on, until a later one of the same. */
export interface TaxRate {
  readonly country: string;
  readonly taxClass: string;
  /** Decimal. */
  readonly percent: string;
  /** `2026-01-01`. */
  readonly from: string;
}

/**
 * How a partner is taxed: by countries and VAT id; or, because an operator says so, by itself (reverse charge) or not at all,
 * with a reason that its invoices say.
 */
export type TreatmentChoice =
  | { readonly treatment: 'standard' | 'reverseCharge' }
  | { readonly treatment: 'outsideVat'; readonly reason: string };

export interface AgreedTreatment {
  readonly treatment: TreatmentChoice['treatment'];
  readonly reason: string | null;
  readonly country: string | null;
  readonly vatId: string | null;
}

type Answer<T> = Promise<Result<T, BillingError>>;

const RATE = `country, tax_class AS "taxClass", trim_scale(percent)::text AS percent, to_char(started, 'YYYY-MM-DD') AS "from"`;

/** The operator's rates, and who is taxed how. Bills that are final keep what they were taxed by. */
export class Taxes {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  rates(country?: string): Promise<TaxRate[]> {
    return this.database.query<TaxRate & { [column: string]: unknown }>(
      `SELECT ${RATE} FROM tax_rate WHERE partner_id IS NULL AND ($1::text IS NULL OR country = $1) ORDER BY country, tax_class, started`,
      [country ?? null],
    );
  }

  /** Set again for the same country, class and date, it takes the place of what was set before. */
  setRate(rate: TaxRate, actor: string): Answer<TaxRate> {
    const { country, taxClass, percent, from } = rate;
    return this.database.transaction(async (client): Answer<TaxRate> => {
      if (Number(percent) > 100) return err({ code: 'invalid', field: 'percent', reason: 'it is at most 100' });
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`tax_rate ${country} ${taxClass}`]);
      const key = [country, taxClass, from];
      const found = await client.query<TaxRate>(
        `SELECT ${RATE} FROM tax_rate WHERE country = $1 AND tax_class = $2 AND started = $3`,
        key,
      );
      const { rows } = await client.query<TaxRate>(
        `INSERT INTO tax_rate (country, tax_class, started, percent) VALUES ($1, $2, $3, $4)
         ON CONFLICT (country, tax_class, started) DO UPDATE SET percent = excluded.percent RETURNING ${RATE}`,
        [...key, percent],
      );
      const after = rows[0]!;
      const before = found.rows[0] ?? null;
      if (before?.percent !== after.percent)
        await recordChange(client, null, this.clock.now(), { what: 'taxRate', actor, before, after });
      return ok(after);
    });
  }

  /** Only what is not in force yet: what is, a later rate follows. */
  withdrawRate({ country, taxClass, from }: Omit<TaxRate, 'percent'>, actor: string): Answer<void> {
    return this.database.transaction(async (client): Answer<void> => {
      const { rows } = await client.query<TaxRate>(
        `SELECT ${RATE} FROM tax_rate WHERE country = $1 AND tax_class = $2 AND to_char(started, 'YYYY-MM-DD') = $3 AND partner_id IS NULL FOR UPDATE`,
        [country, taxClass, from],
      );
      const before = rows[0];
      if (!before) return err({ code: 'notFound', what: 'taxRate' });
      if (Date.parse(from) <= this.clock.now())
        return err({ code: 'conflict', what: 'it is in force: set the rate that follows it, with its own date' });
      await client.query('DELETE FROM tax_rate WHERE country = $1 AND tax_class = $2 AND started = $3', [
        country,
        taxClass,
        from,
      ]);
      await recordChange(client, null, this.clock.now(), { what: 'taxRate', actor, before, after: null });
      return ok(undefined);
    });
  }

  async treatment(partnerId: string): Promise<AgreedTreatment> {
    const [row] = await this.database.query<TreatmentRow>(TREATMENT, [partnerId]);
    return treatmentView(row);
  }

  /** Of every bill that is not final yet. Reverse charge needs a VAT id of the form that the partner's country gives out. */
  setTreatment(partnerId: string, choice: TreatmentChoice, actor: string): Answer<AgreedTreatment> {
    return this.database.transaction(async (client): Answer<AgreedTreatment> => {
      await client.query('INSERT INTO billing_profile (partner_id) VALUES ($1) ON CONFLICT DO NOTHING', [partnerId]);
      const { rows } = await client.query<TreatmentRow>(`${TREATMENT} FOR UPDATE`, [partnerId]);
      const before = treatmentView(rows[0]);
      if (choice.treatment === 'reverseCharge') {
        const fault = faultOfReverseCharge(before);
        if (fault) return err({ code: 'invalid', field: 'treatment', reason: fault });
      }
      const reason = choice.treatment === 'outsideVat' ? choice.reason : null;
      const after = { ...before, treatment: choice.treatment, reason };
      if (before.treatment === after.treatment && before.reason === reason) return ok(after);
      await client.query(
        'UPDATE billing_profile SET tax_override = $2, tax_reason = $3, version = version + 1 WHERE partner_id = $1',
        [partnerId, OVERRIDE[choice.treatment], reason],
      );
      await recordChange(client, partnerId, this.clock.now(), { what: 'taxTreatment', actor, before, after });
      return ok(after);
    });
  }
}

interface TreatmentRow {
  readonly tax_override: 'reverseCharge' | 'exempt' | null;
  readonly tax_reason: string | null;
  readonly country: string | null;
  readonly vat_id: string | null;
  readonly [column: string]: unknown;
}

const TREATMENT = 'SELECT tax_override, tax_reason, country, vat_id FROM billing_profile WHERE partner_id = $1';
const OVERRIDE = { standard: null, reverseCharge: 'reverseCharge', outsideVat: 'exempt' } as const;
const NAMED = { reverseCharge: 'reverseCharge', exempt: 'outsideVat' } as const;

function treatmentView(row: TreatmentRow | undefined): AgreedTreatment {
  const override = row?.tax_override ?? null;
  return {
    treatment: override === null ? 'standard' : NAMED[override],
    reason: row?.tax_reason ?? null,
    country: row?.country ?? null,
    vatId: row?.vat_id ?? null,
  };
}

/** Directive 2006/112/EC art. 226(11a): the invoice names the customer's VAT id. */
function faultOfReverseCharge({ country, vatId }: AgreedTreatment): string | undefined {
  if (country === null || vatId === null) return 'reverse charge needs the country and VAT id in the billing profile';
  if (isEuropeanUnion(country) && !isVatId(vatId, country)) return `${vatId} is no VAT id of ${country}`;
  return undefined;
}
