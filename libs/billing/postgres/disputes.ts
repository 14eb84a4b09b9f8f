import type { BillingError, DisputeEvent, DisputeSide } from '#billing/api';
import type { Database, Queryable } from '#database';
import { type Clock, err, ok, type Result } from '#stdx';
import { announce } from './announce.ts';
import { issueCreditNote, OverCreditError } from './credit.ts';
import { creditableLines, withTax } from './creditable.ts';
import { type Dispute, type DisputeRow, disputeView } from './dispute-book.ts';
import { refreshPause } from './dispute-pause.ts';

/** Who speaks, and as which side. */
export interface Speaker {
  readonly side: DisputeSide;
  readonly author: string;
}

export interface NewDispute {
  readonly partnerId: string;
  readonly invoiceId: string;
  /** Of the line, from 1. */
  readonly position: number;
  /** What is disputed of it, before tax; all that is left of it without. */
  readonly net?: bigint;
  readonly text: string;
}

/** How support ends a dispute. */
export type Resolution =
  /** `net`: given back, before tax; all that is disputed without. */
  { readonly outcome: 'credited'; readonly net?: bigint } | { readonly outcome: 'rejected' };

type Answer = Promise<Result<Dispute, BillingError>>;

/** A partner says a line is wrong; support answers, gives back or rejects. Reminders and charges leave out what is disputed. */
export class Disputes {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  open({ partnerId, invoiceId, position, net, text }: NewDispute, speaker: Speaker): Answer {
    return this.database.transaction(async (client): Answer => {
      const locked = await client.query(
        'SELECT FROM invoice_settlement WHERE invoice_id::text = $1 AND partner_id = $2 FOR UPDATE',
        [invoiceId, partnerId],
      );
      if (locked.rowCount === 0) return err({ code: 'conflict', what: 'only lines of final invoices can be disputed' });
      const line = (await creditableLines(client, invoiceId)).find((one) => one.position === position);
      if (!line) return err({ code: 'notFound', what: 'line' });
      const disputed = net ?? line.left;
      if (disputed <= 0n || disputed > line.left)
        return err({ code: 'invalid', field: 'netMinor', reason: `of this line 1 to ${line.left} can be disputed` });
      const gross = await withTax(client, invoiceId, line.taxClass, disputed);
      const { rows } = await client.query<DisputeRow>(
        `INSERT INTO dispute (partner_id, invoice_id, position, net_minor, gross_minor, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (invoice_id, position) WHERE resolved_at IS NULL DO NOTHING RETURNING *`,
        [partnerId, invoiceId, position, String(disputed), String(gross), this.now()],
      );
      const made = rows[0];
      if (!made) return err({ code: 'conflict', what: 'this line is disputed already' });
      await this.say(client, made, speaker, text);
      return this.happened(client, made, { type: 'dispute.opened', ...named(made) });
    });
  }

  /** The word goes to the other side. */
  comment(partnerId: string | undefined, id: string, speaker: Speaker, text: string): Answer {
    return this.change(partnerId, id, async (client, dispute) => {
      await this.say(client, dispute, speaker, text);
      await client.query('UPDATE dispute SET state = $2 WHERE id = $1', [
        dispute.id,
        speaker.side === 'support' ? 'answered' : 'open',
      ]);
      return this.happened(client, dispute, { type: 'dispute.commented', side: speaker.side, ...named(dispute) });
    });
  }

  /** The partner takes it back. */
  withdraw(partnerId: string | undefined, id: string): Answer {
    return this.change(partnerId, id, async (client, dispute) => {
      await this.end(client, dispute, 'withdrawn', null);
      return this.happened(client, dispute, { type: 'dispute.withdrawn', ...named(dispute) });
    });
  }

  /** Ends it: with a credit note over the line, or not. */
  resolve(id: string, resolution: Resolution, speaker: Speaker, text: string): Answer {
    return this.change(undefined, id, async (client, dispute) => {
      if (resolution.outcome === 'rejected') {
        await this.say(client, dispute, speaker, text);
        await this.end(client, dispute, 'rejected', null);
        return this.happened(client, dispute, { type: 'dispute.rejected', ...named(dispute) });
      }
      const lines = await creditableLines(client, dispute.invoice_id);
      const line = lines.find(({ position }) => position === dispute.position);
      const net = resolution.net ?? BigInt(dispute.net_minor);
      if (!line || net <= 0n || net > line.left)
        return err({
          code: 'invalid',
          field: 'netMinor',
          reason: `of this line 1 to ${line?.left ?? 0n} can be credited`,
        });
      const { position, left, ...credited } = line;
      const note = await issueCreditNote(client, {
        invoiceId: dispute.invoice_id,
        lines: [{ ...credited, net }],
        reason: 'Disputed and credited',
        at: this.now(),
      });
      await this.say(client, dispute, speaker, text);
      await this.end(client, dispute, 'credited', note.id);
      return this.happened(client, dispute, { type: 'dispute.credited', ...named(dispute) });
    });
  }

  /** Locks in the order everybody does: the invoice's settlement, then the dispute. */
  private async change(
    partnerId: string | undefined,
    id: string,
    work: (client: Queryable, dispute: DisputeRow) => Answer,
  ): Answer {
    try {
      return await this.database.transaction(async (client): Answer => {
        await client.query(
          `SELECT FROM invoice_settlement WHERE invoice_id = (SELECT invoice_id FROM dispute WHERE id::text = $1) FOR UPDATE`,
          [id],
        );
        const { rows } = await client.query<DisputeRow>(
          'SELECT * FROM dispute WHERE id::text = $1 AND ($2::uuid IS NULL OR partner_id = $2) FOR UPDATE',
          [id, partnerId ?? null],
        );
        const dispute = rows[0];
        if (!dispute) return err({ code: 'notFound', what: 'dispute' });
        if (dispute.resolved_at) return err({ code: 'conflict', what: `the dispute is ${dispute.state}` });
        return work(client, dispute);
      });
    } catch (error) {
      if (error instanceof OverCreditError) return err({ code: 'conflict', what: error.message });
      throw error;
    }
  }

  private async say(client: Queryable, { id, partner_id }: DisputeRow, speaker: Speaker, text: string): Promise<void> {
    await client.query(
      'INSERT INTO dispute_comment (partner_id, dispute_id, side, author, text, at) VALUES ($1, $2, $3, $4, $5, $6)',
      [partner_id, id, speaker.side, speaker.author, text, this.now()],
    );
  }

  private async end(
    client: Queryable,
    { id }: DisputeRow,
    state: 'credited' | 'rejected' | 'withdrawn',
    creditNoteId: string | null,
  ): Promise<void> {
    await client.query('UPDATE dispute SET state = $2, resolved_at = $3, credit_note_id = $4 WHERE id = $1', [
      id,
      state,
      this.now(),
      creditNoteId,
    ]);
  }

  private async happened(client: Queryable, { id, partner_id, invoice_id }: DisputeRow, event: DisputeEvent): Answer {
    await refreshPause(client, invoice_id, this.now());
    await announce(client, partner_id, event);
    return ok(await disputeView(client, id));
  }

  private now(): Date {
    return new Date(this.clock.now());
  }
}

const named = ({ id, invoice_id }: DisputeRow) => ({ disputeId: id, invoiceId: invoice_id });
