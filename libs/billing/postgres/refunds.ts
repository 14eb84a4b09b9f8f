import {
  type BillingError,
  type PaymentProvider,
  PaymentRefusedError,
  type RefundEvent,
  type RefundState,
} from '#billing/api';
import type { Database, Queryable } from '#database';
import { type Clock, err, ok, type Result } from '#stdx';
import { announce } from './announce.ts';
import { type CreditLine, issueCreditNote, OverCreditError } from './credit.ts';
import { creditableLines, everythingLeft } from './creditable.ts';
import { type Entry, post, smaller } from './ledger.ts';
import { type Refund, type RefundRow, refundView } from './refund-book.ts';

export interface NewRefund {
  readonly partnerId: string;
  readonly invoiceId: string;
  readonly reason: string;
  /** Where the money goes: back the way it came, to the wallet, or by hand (then with the bank's reference). */
  readonly method: 'stripe' | 'wallet' | 'manual';
  readonly reference?: string;
  /** What is given back of each line, before tax; all that is left of the invoice without. */
  readonly lines?: readonly { readonly position: number; readonly net: bigint }[];
  readonly actor: string;
}

interface Refundable {
  readonly payment_id: string;
  readonly left: string;
}

/** A request that is refused: the credit note already written goes with the transaction. */
class Refused extends Error {
  constructor(readonly refusal: BillingError) {
    super(refusal.code);
  }
}

/**
 * Gives money of an invoice back: a credit note puts it into the wallet, and from there it leaves to where it came from. Never
 * more goes back than came; what was paid from the wallet stays there.
 */
export class Refunds {
  constructor(
    private readonly database: Database,
    private readonly provider: PaymentProvider,
    private readonly clock: Clock,
  ) {}

  /** One credit note and a refund for each payment that is touched. The provider is asked afterwards, by `advance`. */
  async request(wanted: NewRefund): Promise<Result<Refund[], BillingError>> {
    try {
      return ok(await this.database.transaction((client) => this.begin(client, wanted)));
    } catch (error) {
      if (error instanceof Refused) return err(error.refusal);
      if (error instanceof OverCreditError) return err({ code: 'conflict', what: error.message });
      throw error;
    }
  }

  /** Refunds whose end is not known yet. */
  async underWay(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM refund WHERE state IN ('pending', 'processing') ORDER BY updated_at LIMIT $1`,
      [limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Asks the provider for a refund, or how it stands; nothing to do for one that has ended. */
  async advance(refundId: string): Promise<RefundRow['state']> {
    const [row] = await this.database.query<RefundRow & { [column: string]: unknown; charge_id: string }>(
      'SELECT refund.*, payment.reference AS charge_id FROM refund JOIN payment ON payment.id = payment_id WHERE refund.id = $1',
      [refundId],
    );
    if (!row) return 'succeeded';
    if (row.state === 'succeeded' || row.state === 'failed') return row.state;
    try {
      return await this.settle(
        row.reference === null
          ? await this.provider.refund({
              refundId: row.id,
              invoiceId: row.invoice_id,
              partnerId: row.partner_id,
              chargeId: row.charge_id,
              minor: BigInt(row.minor),
              currency: row.currency,
            })
          : await this.provider.lookUpRefund(row.reference),
      );
    } catch (error) {
      if (!(error instanceof PaymentRefusedError)) throw error;
      return this.settle({ externalId: row.reference ?? '', refundId, status: 'failed', failure: error.message });
    }
  }

  /** Takes over how a refund stands there. Once it failed the money is in the wallet, and nothing changes that. */
  settle(state: RefundState): Promise<RefundRow['state']> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<RefundRow>('SELECT * FROM refund WHERE id::text = $1 FOR UPDATE', [
        state.refundId,
      ]);
      const before = rows[0];
      if (!before) throw new PaymentRefusedError('not_ours', `${state.externalId} names a refund that we never made`);
      if (before.state === 'failed' || before.state === state.status) return before.state;
      // News of an earlier state, come late.
      if (before.state === 'succeeded' && state.status === 'processing') return before.state;
      await client.query(
        `UPDATE refund SET state = $2, reference = coalesce(reference, nullif($3, '')), failure = $4, updated_at = $5 WHERE id = $1`,
        [before.id, state.status, state.externalId, state.failure?.slice(0, 500) ?? null, this.now()],
      );
      await this.book(client, before, state.status);
      return state.status;
    });
  }

  private async begin(client: Queryable, wanted: NewRefund): Promise<Refund[]> {
    const { partnerId, invoiceId, method } = wanted;
    const { rows } = await client.query<{ currency: string; settled: string }>(
      `SELECT currency, paid_minor + wallet_minor AS settled FROM invoice_settlement settlement JOIN invoice ON invoice.id = invoice_id
       WHERE invoice_id::text = $1 AND settlement.partner_id = $2 FOR UPDATE OF settlement`,
      [invoiceId, partnerId],
    );
    const invoice = rows[0];
    if (!invoice || invoice.settled === '0') throw refused('nothing was paid of this invoice');
    const lines = await this.lines(client, wanted);
    if (lines.length === 0) throw refused('nothing is left of this invoice to give back');
    const at = this.now();
    const note = await issueCreditNote(client, { invoiceId, lines, reason: wanted.reason, at });
    if (note.toWallet === 0n) throw refused('all of it is still owed: there is nothing to give back');
    const shares =
      method === 'wallet'
        ? [{ paymentId: null, minor: note.toWallet }]
        : await paymentsTouched(client, invoiceId, method, note.toWallet);
    if (shares.length === 0)
      throw refused(
        method === 'stripe' ? 'nothing of it was paid by card or debit' : 'nothing of it was paid by transfer',
      );
    const made: Refund[] = [];
    for (const [index, { paymentId, minor }] of shares.entries()) {
      const reference =
        wanted.reference === undefined || index === 0 ? wanted.reference : `${wanted.reference}~${index + 1}`;
      made.push(
        await this.write(client, {
          ...wanted,
          currency: invoice.currency,
          noteId: note.id,
          paymentId,
          minor,
          reference,
          at,
        }),
      );
    }
    return made;
  }

  private async lines(client: Queryable, { invoiceId, lines }: NewRefund): Promise<CreditLine[]> {
    if (!lines) return everythingLeft(client, invoiceId);
    const known = await creditableLines(client, invoiceId);
    if (new Set(lines.map(({ position }) => position)).size < lines.length)
      throw new Refused({ code: 'invalid', field: 'lines', reason: 'each line is named once' });
    return lines.map(({ position, net }) => {
      const found = known.find((line) => line.position === position);
      if (!found) throw new Refused({ code: 'notFound', what: 'line' });
      const { left, position: _, ...line } = found;
      if (net <= 0n || net > left)
        throw new Refused({
          code: 'invalid',
          field: 'lines',
          reason: `of line ${position} 1 to ${left} can be given back`,
        });
      return { ...line, net };
    });
  }

  private async write(
    client: Queryable,
    refund: Omit<NewRefund, 'reference'> & {
      readonly currency: string;
      readonly noteId: string;
      readonly paymentId: string | null;
      readonly minor: bigint;
      readonly reference: string | undefined;
      readonly at: Date;
    },
  ): Promise<Refund> {
    const { partnerId, invoiceId, method, currency, minor, at } = refund;
    const isPending = method === 'stripe';
    const { rows } = await client.query<RefundRow>(
      `INSERT INTO refund (partner_id, invoice_id, credit_note_id, method, payment_id, minor, currency, state, reference, requested_by, requested_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) ON CONFLICT (method, reference) DO NOTHING RETURNING *`,
      [
        partnerId,
        invoiceId,
        refund.noteId,
        method,
        refund.paymentId,
        String(minor),
        currency,
        isPending ? 'pending' : 'succeeded',
        refund.reference ?? null,
        refund.actor,
        at,
      ],
    );
    const row = rows[0];
    if (!row) throw refused(`another refund has the reference ${refund.reference}`);
    if (method !== 'wallet')
      await post(client, { name: `refund~${row.id}`, partnerId, currency, at }, [
        { account: 'wallet', minor },
        { account: isPending ? 'refunds' : 'cash', minor: -minor },
      ]);
    await announce(client, partnerId, {
      type: isPending ? 'refund.requested' : 'refund.succeeded',
      refundId: row.id,
      invoiceId,
    });
    return refundView(client, row.id);
  }

  private async book(client: Queryable, before: RefundRow, status: RefundState['status']): Promise<void> {
    const minor = BigInt(before.minor);
    const posting = { partnerId: before.partner_id, currency: before.currency, at: this.now() };
    const tell = (type: RefundEvent['type']) =>
      announce(client, before.partner_id, { type, refundId: before.id, invoiceId: before.invoice_id });
    switch (status) {
      case 'processing':
        return;
      case 'succeeded':
        await post(client, { name: `refundPaid~${before.id}`, ...posting }, [
          { account: 'refunds', minor },
          { account: 'cash', minor: -minor },
        ]);
        return tell('refund.succeeded');
      case 'failed': {
        // A bank may send back what had left already.
        const from: Entry['account'] = before.state === 'succeeded' ? 'cash' : 'refunds';
        await post(client, { name: `refundBack~${before.id}`, ...posting }, [
          { account: from, minor },
          { account: 'wallet', minor: -minor },
        ]);
        return tell('refund.failed');
      }
    }
  }

  private now(): Date {
    return new Date(this.clock.now());
  }
}

const refused = (what: string): Refused => new Refused({ code: 'conflict', what });

/** Payments of the invoice, whose settlement is locked, by one method that still have something to give back, the newest first, up to `minor`. */
async function paymentsTouched(
  client: Queryable,
  invoiceId: string,
  method: 'stripe' | 'manual',
  minor: bigint,
): Promise<{ readonly paymentId: string; readonly minor: bigint }[]> {
  const { rows } = await client.query<Refundable>(
    `SELECT payment.id AS payment_id, payment.minor - coalesce((
       SELECT sum(refund.minor) FROM refund WHERE refund.payment_id = payment.id AND refund.state <> 'failed'), 0) AS left
     FROM payment WHERE invoice_id = $1 AND method = $2 ORDER BY received_at DESC, payment.id`,
    [invoiceId, method],
  );
  let wanted = minor;
  return rows.flatMap(({ payment_id, left }) => {
    const part = smaller(wanted, BigInt(left));
    if (part <= 0n) return [];
    wanted -= part;
    return [{ paymentId: payment_id, minor: part }];
  });
}
