import { type TermsJson, writeTerms } from '#billing/api';
import type { RatedMonth } from '#billing/invoice';
import type { Queryable } from '#database';
import { present } from '#stdx';

export interface RatingRun {
  readonly id: string;
  readonly partnerId: string;
  readonly month: string;
  readonly cutoff: bigint;
  readonly asOf: number;
  readonly terms: TermsJson;
  readonly inputDigest: string;
  readonly digest: string;
}

/** Keeps a rating with all it takes to make it again. Returns its id. */
export async function recordRun(client: Queryable, month: RatedMonth): Promise<string> {
  const { account, rated, asOf, cutoff } = month;
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO rating_run (partner_id, month, cutoff_seq, as_of, engine_version, terms, input_digest, digest, net_minor)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
    [
      account.partnerId,
      rated.period.month,
      String(cutoff),
      new Date(asOf),
      rated.engineVersion,
      JSON.stringify(writeTerms(account)),
      rated.inputDigest,
      rated.digest,
      String(rated.net),
    ],
  );
  const { id } = present(rows[0], 'rating run');
  const column = (of: (line: RatedMonth['rated']['lines'][number]) => unknown): string[] =>
    rated.lines.map((line) => String(of(line)));
  await client.query(
    `INSERT INTO rated_line (run_id, partner_id, position, component, price_version, quantity_num, quantity_den, exact_num, exact_den, minor)
     SELECT $1, $2, ordinality, component, price_version, quantity_num, quantity_den, exact_num, exact_den, minor
     FROM unnest($3::text[], $4::text[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[], $9::bigint[]) WITH ORDINALITY
       AS line (component, price_version, quantity_num, quantity_den, exact_num, exact_den, minor, ordinality)`,
    [
      id,
      account.partnerId,
      column(({ component }) => component),
      column(({ priceVersion }) => priceVersion),
      column(({ quantity }) => quantity.num),
      column(({ quantity }) => quantity.den),
      column(({ exact }) => exact.num),
      column(({ exact }) => exact.den),
      column(({ minor }) => minor),
    ],
  );
  return id;
}

/** The newest run of a month, or the one named. */
export async function findRun(
  client: Queryable,
  partnerId: string,
  month: string,
  id?: string,
): Promise<RatingRun | undefined> {
  const { rows } = await client.query<{
    id: string;
    cutoff_seq: string;
    as_of: Date;
    terms: TermsJson;
    input_digest: string;
    digest: string;
  }>(
    `SELECT id, cutoff_seq, as_of, terms, input_digest, digest FROM rating_run
     WHERE partner_id = $1 AND month = $2 AND ($3::uuid IS NULL OR id = $3)
     ORDER BY cutoff_seq DESC, created_at DESC LIMIT 1`,
    [partnerId, month, id ?? null],
  );
  const row = rows[0];
  return (
    row && {
      id: row.id,
      partnerId,
      month,
      cutoff: BigInt(row.cutoff_seq),
      asOf: row.as_of.getTime(),
      terms: row.terms,
      inputDigest: row.input_digest,
      digest: row.digest,
    }
  );
}
