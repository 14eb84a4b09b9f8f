import { type ChargeState, type ChargeStatus, type PaymentProvider, PaymentRefusedError } from '#billing/api';
import type { Database, Queryable } from '#database';
import { assert, type Clock, present } from '#stdx';
import { disputedOf } from './dispute-pause.ts';
import { receivePayment } from './payments.ts';

export interface PaymentAttempt {
  readonly invoiceId: string;
  readonly attempt: number;
  readonly state: 'pending' | ChargeStatus;
}

interface AttemptRow {
  readonly invoice_id: string;
  readonly attempt: number;
  readonly partner_id: string;
  readonly method_id: string;
  readonly minor: string;
  readonly currency: string;
  readonly state: 'pending' | ChargeStatus;
  readonly external_id: string | null;
}

/** What became of a wish to collect. */
export type Collected = 'nothingDue' | 'noMethod' | 'pending' | ChargeStatus;

/** A charge that failed on the provider's side is begun anew this often. */
const PROVIDER_FAULTS_MAX = 3;

/**
 * Charges what is due on final invoices. An attempt is written down before the provider is asked and names the charge there;
 * whatever happens in between, the next run finds the attempt here or the charge there and goes on.
 */
export class InvoiceCollection {
  constructor(
    private readonly database: Database,
    private readonly provider: PaymentProvider,
    private readonly clock: Clock,
  ) {}

  /** Charges what is due, once for each occasion; an attempt under way is gone on with. */
  async collect(invoiceId: string, occasion: string): Promise<Collected> {
    const begun = await this.database.transaction((client) => this.begin(client, invoiceId, occasion));
    return typeof begun === 'string' ? begun : this.advance(begun);
  }

  /** As `collect`, for everything a partner owes. */
  async collectOpen(partnerId: string, occasion: string): Promise<void> {
    const open = await this.database.query<{ invoice_id: string }>(
      `SELECT invoice_id FROM invoice_settlement WHERE partner_id = $1 AND state IN ('open', 'overdue') AND due_minor > 0 ORDER BY due_at`,
      [partnerId],
    );
    for (const { invoice_id } of open) await this.collect(invoice_id, occasion);
  }

  /** Attempts whose end is not known yet. */
  async underWay(limit: number): Promise<PaymentAttempt[]> {
    const rows = await this.database.query<AttemptRow & Record<string, unknown>>(
      `SELECT * FROM payment_attempt WHERE state IN ('pending', 'processing', 'actionNeeded') ORDER BY updated_at LIMIT $1`,
      [limit],
    );
    return rows.map(({ invoice_id, attempt, state }) => ({ invoiceId: invoice_id, attempt, state }));
  }

  /** Asks the provider how an attempt stands, and gives up waiting for the customer when nothing is due any more. */
  async follow({ invoiceId, attempt }: PaymentAttempt): Promise<Collected> {
    const [row] = await this.database.query<AttemptRow & { [column: string]: unknown; due_minor: string }>(
      `SELECT payment_attempt.*, due_minor FROM payment_attempt JOIN invoice_settlement USING (invoice_id)
       WHERE invoice_id = $1 AND attempt = $2`,
      [invoiceId, attempt],
    );
    const { due_minor, ...found } = present(row, 'payment attempt');
    if (due_minor === '0' && found.external_id !== null && found.state === 'actionNeeded')
      return this.settle(await this.provider.cancel(found.external_id));
    return this.advance(found);
  }

  /** What lets the payer's browser answer its bank about the charge under way; `null` when nothing is asked. */
  async clientSecret(invoiceId: string): Promise<string | null> {
    const [row] = await this.database.query<{ external_id: string }>(
      `SELECT external_id FROM payment_attempt WHERE invoice_id = $1 AND state = 'actionNeeded' AND external_id IS NOT NULL`,
      [invoiceId],
    );
    return row ? (await this.provider.lookUp(row.external_id)).clientSecret : null;
  }

  /** Takes over how a charge stands there. Money that came is booked whatever we thought of the attempt. */
  async settle(state: ChargeState): Promise<ChargeStatus> {
    await this.database.transaction(async (client) => {
      const { rows } = await client.query<{ partner_id: string; state: AttemptRow['state'] }>(
        'SELECT partner_id, state FROM payment_attempt WHERE invoice_id = $1 AND attempt = $2 FOR UPDATE',
        [state.invoiceId, state.attempt],
      );
      const known = rows[0];
      if (!known) throw new PaymentRefusedError('not_ours', `${state.externalId} names an attempt that we never made`);
      if (state.status === 'succeeded') await this.book(client, known.partner_id, state);
      await client.query(
        `UPDATE payment_attempt SET external_id = $3, state = $4, failure_code = $5, failure = $6, updated_at = $7
         WHERE invoice_id = $1 AND attempt = $2 AND (state IN ('pending', 'processing', 'actionNeeded') OR $4 = 'succeeded')`,
        [
          state.invoiceId,
          state.attempt,
          state.externalId,
          state.status,
          state.failure?.code ?? null,
          state.failure?.reason.slice(0, 500) ?? null,
          new Date(this.clock.now()),
        ],
      );
    });
    return state.status;
  }

  private async begin(client: Queryable, invoiceId: string, occasion: string): Promise<AttemptRow | Collected> {
    const { rows } = await client.query<{ partner_id: string; due_minor: string; currency: string }>(
      `SELECT settlement.partner_id, greatest(due_minor - ${disputedOf('settlement.invoice_id')}, 0) AS due_minor, currency FROM invoice_settlement settlement JOIN invoice ON invoice.id = invoice_id
       WHERE invoice_id = $1 FOR UPDATE OF settlement`,
      [invoiceId],
    );
    const { partner_id: partnerId, due_minor: due, currency } = present(rows[0], 'finalized invoice');
    const { rows: attempts } = await client.query<AttemptRow & { occasion: string }>(
      'SELECT * FROM payment_attempt WHERE invoice_id = $1 ORDER BY attempt DESC',
      [invoiceId],
    );
    const known = attempts.find((attempt) => attempt.occasion === occasion) ?? attempts.find(isUnderWay);
    if (known) return isUnderWay(known) ? known : known.state;
    if (due === '0') return 'nothingDue';
    const { rows: methods } = await client.query<{ id: string }>(
      'SELECT id FROM payment_method WHERE partner_id = $1 AND is_default',
      [partnerId],
    );
    if (!methods[0]) return 'noMethod';
    const { rows: made } = await client.query<AttemptRow>(
      `INSERT INTO payment_attempt (invoice_id, attempt, partner_id, occasion, method_id, minor, currency, started_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING *`,
      [
        invoiceId,
        (attempts[0]?.attempt ?? 0) + 1,
        partnerId,
        occasion,
        methods[0].id,
        due,
        currency,
        new Date(this.clock.now()),
      ],
    );
    return present(made[0], 'payment attempt');
  }

  private async advance(row: AttemptRow): Promise<Collected> {
    if (!isUnderWay(row)) return row.state;
    try {
      return await this.settle(
        row.external_id === null ? await this.charge(row) : await this.provider.lookUp(row.external_id),
      );
    } catch (error) {
      if (!(error instanceof PaymentRefusedError)) throw error;
      await this.refused(row, error);
      if (error.code !== 'provider_error' || row.attempt >= PROVIDER_FAULTS_MAX) return 'failed';
      return this.collect(row.invoice_id, `again~${row.attempt}`);
    }
  }

  private async charge(row: AttemptRow): Promise<ChargeState> {
    const [names] = await this.database.query<{ customer_id: string; number: string }>(
      `SELECT customer_id, number FROM invoice JOIN payment_account USING (partner_id) WHERE invoice.id = $1`,
      [row.invoice_id],
    );
    const { customer_id: customerId, number } = present(names, 'payment account');
    return this.provider.charge({
      invoiceId: row.invoice_id,
      attempt: row.attempt,
      partnerId: row.partner_id,
      customerId,
      methodId: row.method_id,
      minor: BigInt(row.minor),
      currency: row.currency,
      description: `Invoice ${number}`,
    });
  }

  private async refused(row: AttemptRow, { code, message }: PaymentRefusedError): Promise<void> {
    await this.database.query(
      `UPDATE payment_attempt SET state = 'failed', failure_code = $3, failure = $4, updated_at = $5
       WHERE invoice_id = $1 AND attempt = $2 AND state IN ('pending', 'processing', 'actionNeeded')`,
      [row.invoice_id, row.attempt, code, message.slice(0, 500), new Date(this.clock.now())],
    );
  }

  private async book(client: Queryable, partnerId: string, state: ChargeState): Promise<void> {
    const booked = await receivePayment(client, {
      partnerId,
      invoiceId: state.invoiceId,
      method: 'stripe',
      reference: state.externalId,
      minor: state.received,
      currency: state.currency,
      receivedAt: new Date(this.clock.now()),
    });
    assert(booked.ok, `a charge that can be booked: ${state.externalId}`);
  }
}

const isUnderWay = ({ state }: Pick<AttemptRow, 'state'>): boolean =>
  state === 'pending' || state === 'processing' || state === 'actionNeeded';
