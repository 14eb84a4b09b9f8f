import type { BillingAccounts } from '#billing/api';
import {
  breakdownsOf,
  type ComposedInvoice,
  composeInvoice,
  isNothing,
  type KeptWithInvoice,
  type MonthRating,
  type RatedMonth,
} from '#billing/invoice';
import type { Database, Queryable } from '#database';
import { holdOf } from '#metering';
import { type Clock, InvariantError, present } from '#stdx';
import { announce } from './announce.ts';
import { amounts, openCharges, writeLines } from './close-month.ts';
import { lockWallet, nextNumber, post, smaller } from './ledger.ts';
import { partiesOf } from './parties.ts';
import { findRun, recordRun } from './rating-runs.ts';

interface Draft {
  readonly id: string;
  readonly partner_id: string;
  readonly month: string;
  readonly period_start: Date;
  readonly period_end: Date;
  readonly state: 'grace' | 'failed' | 'finalized' | 'skipped';
  readonly grace_until: Date;
  readonly approval: boolean;
  readonly approved_by: string | null;
  /** Findings until then were looked at. */
  readonly released_at: Date | null;
  readonly run_id: string;
  readonly currency: string;
}

export type Finalized = 'finalized' | 'skipped' | 'waiting' | 'failed';

/** Makes a draft final: rated a last time, numbered, booked, paid from the wallet as far as it goes, announced. */
export class InvoiceFinalization {
  constructor(
    private readonly database: Database,
    private readonly accounts: BillingAccounts,
    private readonly rating: MonthRating,
    private readonly clock: Clock,
  ) {}

  /** Drafts whose grace time is over and that nobody has still to approve; failed ones only when an operator asks. */
  async due(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM invoice WHERE state = 'grace' AND grace_until <= $1 AND (NOT approval OR approved_by IS NOT NULL)
       ORDER BY held IS NOT NULL, period_start, id LIMIT $2`,
      [new Date(this.clock.now()), limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Done twice, or by two at once, it is done once. What trying again cannot mend is kept with the invoice as its reason; anything else throws. */
  async finalize(invoiceId: string): Promise<Finalized> {
    const draft = await this.read(this.database, invoiceId);
    if (draft.state === 'finalized' || draft.state === 'skipped') return draft.state;
    if (await this.database.transaction((client) => isHeld(client, draft))) return 'waiting';
    try {
      const rated = await this.rateAgain(draft);
      return await this.database.transaction((client) => this.makeFinal(client, invoiceId, rated));
    } catch (error) {
      if (!isLasting(error)) throw error;
      await this.fail(invoiceId, (error as Error).message);
      return 'failed';
    }
  }

  /** Keeps why a draft cannot be made final, for an operator to see and try again. */
  async fail(invoiceId: string, reason: string): Promise<void> {
    await this.database.query(
      `UPDATE invoice SET state = 'failed', failure = $2 WHERE id = $1 AND state IN ('grace', 'failed')`,
      [invoiceId, reason.slice(0, 500)],
    );
  }

  /** An operator or the partner agrees to a draft. */
  async approve(invoiceId: string, actor: string): Promise<void> {
    await this.database.query(
      `UPDATE invoice SET approved_by = $2 WHERE id = $1 AND state IN ('grace', 'failed') AND approved_by IS NULL`,
      [invoiceId, actor],
    );
  }

  /** An operator has looked at what was found in the usage and takes it as it is: what is found later holds again. */
  async release(invoiceId: string, actor: string): Promise<void> {
    await this.database.query(
      `UPDATE invoice SET held = NULL, released_by = $2, released_at = $3 WHERE id = $1 AND state IN ('grace', 'failed')`,
      [invoiceId, actor, new Date(this.clock.now())],
    );
  }

  private async read(client: Pick<Database, 'query'>, invoiceId: string): Promise<Draft> {
    const [draft] = await client.query<Draft & { [column: string]: unknown }>('SELECT * FROM invoice WHERE id = $1', [
      invoiceId,
    ]);
    return present(draft, 'invoice');
  }

  /** By today's terms and everything counted until now: what came in the grace time belongs to the month. */
  private async rateAgain({ partner_id, month, run_id }: Draft): Promise<RatedMonth> {
    const account = present(await this.accounts.find(partner_id, month), 'partner');
    const run = await this.database.transaction((client) => findRun(client, partner_id, month, run_id));
    return this.rating.rateTerms(account, month, present(run, 'rating run').asOf);
  }

  private async makeFinal(client: Queryable, invoiceId: string, rated: RatedMonth): Promise<Finalized> {
    const { rows } = await client.query<Draft>('SELECT * FROM invoice WHERE id = $1 FOR UPDATE', [invoiceId]);
    const draft = present(rows[0], 'invoice');
    if (draft.state === 'finalized' || draft.state === 'skipped') return draft.state;
    const now = this.clock.now();
    if (draft.grace_until.getTime() > now || (draft.approval && draft.approved_by === null)) return 'waiting';
    if (await isHeld(client, draft)) return 'waiting';
    const late = await openCharges(client, draft.partner_id);
    const composed = composeInvoice(rated, late, rated.account.tax);
    const runId = await recordRun(client, rated);
    await writeLines(client, invoiceId, rated, composed);
    if (isNothing(composed)) {
      await client.query(
        `UPDATE invoice SET state = 'skipped', failure = NULL, run_id = $2, net_minor = 0, tax_minor = 0, total_minor = 0 WHERE id = $1`,
        [invoiceId, runId],
      );
      return 'skipped';
    }
    for (const { id } of late)
      await client.query(
        'INSERT INTO late_charge_billed (late_charge_id, partner_id, invoice_id) VALUES ($1, $2, $3)',
        [id, draft.partner_id, invoiceId],
      );
    await this.issue(client, draft, rated, runId, composed);
    return 'finalized';
  }

  private async issue(
    client: Queryable,
    draft: Draft,
    rated: RatedMonth,
    runId: string,
    composed: ComposedInvoice,
  ): Promise<void> {
    const { partner_id: partnerId, id, currency } = draft;
    const { seller, customer, prefix, paymentDays, electronic } = await partiesOf(client, partnerId);
    const now = this.clock.now();
    const at = new Date(now);
    const dueAt = new Date(now + paymentDays * 86_400_000);
    // Locks are taken in one order everywhere: invoice, wallet, counter. The counter last, since everybody shares it.
    const applied = smaller(await lockWallet(client, partnerId, currency), composed.total);
    const number = await nextNumber(client, prefix, at.getUTCFullYear());
    const kept: KeptWithInvoice = {
      seller,
      customer,
      zone: rated.account.zone,
      wallet: String(applied),
      engineVersion: rated.rated.engineVersion,
      digest: rated.rated.digest,
      breakdowns: breakdownsOf(rated),
      electronic,
    };
    await client.query(
      `UPDATE invoice SET state = 'finalized', failure = NULL, run_id = $2, number = $3, issued_at = $4, due_at = $5,
         net_minor = $6, tax_minor = $7, total_minor = $8, document = $9 WHERE id = $1`,
      [id, runId, number, at, dueAt, ...amounts(composed), JSON.stringify(kept)],
    );
    const posting = { partnerId, currency, at };
    await post(client, { name: `invoice~${id}`, ...posting }, [
      { account: 'receivable', minor: composed.total },
      { account: 'revenue', minor: -composed.net },
      { account: 'tax', minor: -composed.tax },
    ]);
    await post(client, { name: `wallet~${id}`, ...posting }, [
      { account: 'wallet', minor: applied },
      { account: 'receivable', minor: -applied },
    ]);
    await client.query(
      `INSERT INTO invoice_settlement (invoice_id, partner_id, state, total_minor, wallet_minor, due_at) VALUES ($1, $2, $3, $4, $5, $6)`,
      [id, partnerId, applied === composed.total ? 'paid' : 'open', String(composed.total), String(applied), dueAt],
    );
    await announce(client, partnerId, { type: 'invoice.finalized', invoiceId: id, number });
  }
}

/** Whether something found in its usage keeps a draft from being final; the reason is kept with it, and taken off when it is gone. */
async function isHeld(client: Queryable, draft: Draft): Promise<boolean> {
  const { id, partner_id, period_start, period_end, released_at } = draft;
  const held = await holdOf(client, partner_id, period_start, period_end, released_at);
  await client.query('UPDATE invoice SET held = $2 WHERE id = $1 AND held IS DISTINCT FROM $2', [id, held]);
  return held !== null;
}

/** Whether the same attempt would fail the same way: a missing rate, a broken invariant, data the schema refuses. */
function isLasting(error: unknown): boolean {
  if (error instanceof RangeError || error instanceof InvariantError) return true;
  return /^2[23]/.test(String((error as { code?: unknown }).code ?? ''));
}
