import { creditTax, decimal } from '#billing/rating';
import type { Queryable } from '#database';
import { assert, present } from '#stdx';
import { announce } from './announce.ts';
import { refreshPause } from './dispute-pause.ts';
import { nextNumber, post, smaller } from './ledger.ts';
import { announcePaid } from './suspension.ts';

export interface CreditLine {
  readonly serviceMonth: string;
  readonly component: string;
  readonly priceVersion: string;
  readonly description: string;
  readonly taxClass: string;
  /** Minor units given back. */
  readonly net: bigint;
}

export interface Credit {
  readonly invoiceId: string;
  readonly lines: readonly CreditLine[];
  readonly reason: string;
  /** The rating that showed it, when late use did. */
  readonly runId?: string;
  readonly at: Date;
}

export interface IssuedCredit {
  readonly id: string;
  /** Minor units: given back, and how much of it went to the wallet. */
  readonly total: bigint;
  readonly toWallet: bigint;
}

/** More than the invoice has left to give back. */
export class OverCreditError extends Error {
  override readonly name = 'OverCreditError';
}

/**
 * Gives back part of a finalized invoice, in the caller's transaction: what is still owed is forgiven first, the rest
 * goes to the wallet. However an invoice is credited, all its notes together give back no more than it charged, tax
 * included, and exactly its tax when all of it is credited.
 */
export async function issueCreditNote(client: Queryable, credit: Credit): Promise<IssuedCredit> {
  const { rows } = await client.query<{ partner_id: string; currency: string; due_minor: string }>(
    `SELECT invoice.partner_id, currency, due_minor FROM invoice JOIN invoice_settlement settlement ON invoice_id = invoice.id
     WHERE invoice.id = $1 FOR UPDATE OF settlement`,
    [credit.invoiceId],
  );
  const { partner_id: partnerId, currency, due_minor } = present(rows[0], 'finalized invoice');
  const { net, tax } = await amountsOf(client, credit);
  const total = net + tax;
  const forgiven = smaller(total, BigInt(due_minor));
  const prefix = await client.query<{ prefix: string }>('SELECT number_prefix AS prefix FROM billing_seller');
  const number = await nextNumber(client, `${prefix.rows[0]?.prefix ?? 'RK'}-C`, credit.at.getUTCFullYear());
  const note = await client.query<{ id: string }>(
    `INSERT INTO credit_note (partner_id, invoice_id, number, reason, run_id, net_minor, tax_minor, total_minor, issued_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
    [
      partnerId,
      credit.invoiceId,
      number,
      credit.reason,
      credit.runId ?? null,
      String(net),
      String(tax),
      String(total),
      credit.at,
    ],
  );
  const { id } = present(note.rows[0], 'credit note');
  await writeCreditLines(client, id, partnerId, credit.lines);
  await client.query(
    `UPDATE invoice_settlement SET credited_minor = credited_minor + $2, version = version + 1,
       state = CASE WHEN due_minor = $2 AND state IN ('open', 'overdue') THEN 'paid' ELSE state END WHERE invoice_id = $1`,
    [credit.invoiceId, String(forgiven)],
  );
  await post(client, { name: `creditNote~${id}`, partnerId, currency, at: credit.at }, [
    { account: 'revenue', minor: net },
    { account: 'tax', minor: tax },
    { account: 'receivable', minor: -forgiven },
    { account: 'wallet', minor: forgiven - total },
  ]);
  await announce(client, partnerId, { type: 'creditNote.issued', creditNoteId: id, number });
  if (forgiven > 0n && forgiven === BigInt(due_minor))
    await announcePaid(client, partnerId, credit.invoiceId, credit.at);
  await refreshPause(client, credit.invoiceId, credit.at);
  return { id, total, toWallet: total - forgiven };
}

/** Net and tax of a credit: by class, the tax on what was left before less the tax on what is left after. */
async function amountsOf(client: Queryable, credit: Credit): Promise<{ net: bigint; tax: bigint }> {
  const { rows } = await client.query<{ tax_class: string; percent: string; net: string; credited: string }>(
    `SELECT tax_line.tax_class, percent::text, net_minor AS net, coalesce((
       SELECT sum(line.net_minor) FROM credit_note_line line JOIN credit_note note ON note.id = credit_note_id
       WHERE note.invoice_id = $1 AND line.tax_class = tax_line.tax_class), 0) AS credited
     FROM tax_line WHERE invoice_id = $1`,
    [credit.invoiceId],
  );
  let net = 0n;
  let tax = 0n;
  for (const [taxClass, lines] of Map.groupBy(credit.lines, (line) => line.taxClass)) {
    const amount = lines.reduce((sum, line) => sum + line.net, 0n);
    const charged = rows.find((row) => row.tax_class === taxClass);
    const remaining = charged ? BigInt(charged.net) - BigInt(charged.credited) : 0n;
    if (amount > remaining)
      throw new OverCreditError(`${amount} of class ${taxClass} is more than the ${remaining} left`);
    net += amount;
    tax += creditTax(remaining, amount, decimal(charged?.percent ?? '0'));
  }
  assert(net > 0n, 'a credit note gives something back');
  return { net, tax };
}

async function writeCreditLines(
  client: Queryable,
  id: string,
  partnerId: string,
  lines: readonly CreditLine[],
): Promise<void> {
  await client.query(
    `INSERT INTO credit_note_line (credit_note_id, partner_id, position, service_month, component, price_version, description, tax_class, net_minor)
     SELECT $1, $2, ordinality, service_month, component, price_version, description, tax_class, net_minor
     FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[]) WITH ORDINALITY
       AS line (service_month, component, price_version, description, tax_class, net_minor, ordinality)`,
    [
      id,
      partnerId,
      lines.map((line) => line.serviceMonth),
      lines.map((line) => line.component),
      lines.map((line) => line.priceVersion),
      lines.map((line) => line.description),
      lines.map((line) => line.taxClass),
      lines.map((line) => String(line.net)),
    ],
  );
}
