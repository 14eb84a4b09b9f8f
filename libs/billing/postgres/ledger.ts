import type { Queryable } from '#database';
import { assert } from '#stdx';

/** Debits positive, credits negative, in minor units; the entries of a posting sum to zero. */
export interface Entry {
  readonly account: 'wallet' | 'receivable' | 'cash' | 'revenue' | 'tax' | 'writeOff' | 'refunds';
  readonly minor: bigint;
}

/**
 * Books one posting. `name` says what it records (`invoice~<id>`) and is booked once for ever: a second time is a broken
 * invariant, because whoever posts holds the lock of what it is about. A wallet that would go below zero is refused by
 * the database.
 */
export async function post(
  client: Queryable,
  posting: { readonly name: string; readonly partnerId: string; readonly currency: string; readonly at: Date },
  entries: readonly Entry[],
): Promise<void> {
  const booked = entries.filter(({ minor }) => minor !== 0n);
  assert(booked.reduce((sum, { minor }) => sum + minor, 0n) === 0n, `posting ${posting.name} balances`);
  if (booked.length === 0) return;
  await client.query(
    `INSERT INTO wallet_ledger (partner_id, posting, account, minor, currency, posted_at)
     SELECT $1, $2, account, minor, $5, $6 FROM unnest($3::text[], $4::bigint[]) AS entry (account, minor)`,
    [
      posting.partnerId,
      posting.name,
      booked.map(({ account }) => account),
      booked.map(({ minor }) => String(minor)),
      posting.currency,
      posting.at,
    ],
  );
}

/** What the partner has with us, locked until the transaction ends. */
export async function lockWallet(client: Queryable, partnerId: string, currency: string): Promise<bigint> {
  const { rows } = await client.query<{ minor: string }>(
    'SELECT minor FROM wallet WHERE partner_id = $1 AND currency = $2 FOR UPDATE',
    [partnerId, currency],
  );
  return BigInt(rows[0]?.minor ?? 0);
}

/** The next number of a series, without gaps: it is given back when the transaction fails. `RK-2026-000017`. */
export async function nextNumber(client: Queryable, series: string, year: number): Promise<string> {
  const { rows } = await client.query<{ last: string }>(
    `INSERT INTO invoice_counter (series, year, last) VALUES ($1, $2, 1)
     ON CONFLICT (series, year) DO UPDATE SET last = invoice_counter.last + 1 RETURNING last`,
    [series, year],
  );
  return `${series}-${year}-${String(rows[0]!.last).padStart(6, '0')}`;
}

/** The smaller of two amounts. */
export const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
