import { creditTax, decimal } from '#billing/rating';
import type { Queryable } from '#database';
import type { CreditLine } from './credit.ts';
import { smaller } from './ledger.ts';

/** One line of an invoice with what is left of it to give back. */
export interface CreditableLine extends Omit<CreditLine, 'net'> {
  readonly position: number;
  /** Minor units; never negative. */
  readonly left: bigint;
}

interface Row {
  readonly position: number;
  readonly service_month: string;
  readonly component: string;
  readonly price_version: string;
  readonly description: string;
  readonly tax_class: string;
  readonly net: string;
  readonly credited: string;
  readonly class_left: string;
}

/** The lines of a final invoice, whose settlement the caller has locked; together they never have more left than their tax class. */
export async function creditableLines(client: Queryable, invoiceId: string): Promise<CreditableLine[]> {
  const { rows } = await client.query<Row>(
    `SELECT position, service_month, component, price_version, description, line.tax_class, minor - discount_minor AS net,
       ${creditedOf('own.service_month = line.service_month AND own.component = line.component AND own.price_version = line.price_version')} AS credited,
       tax.net_minor - ${creditedOf('own.tax_class = line.tax_class')} AS class_left
     FROM invoice_line line JOIN tax_line tax ON tax.invoice_id = line.invoice_id AND tax.tax_class = line.tax_class
     WHERE line.invoice_id = $1 ORDER BY position`,
    [invoiceId],
  );
  const classes = new Map(rows.map((row) => [row.tax_class, BigInt(row.class_left)]));
  return rows.map((row) => {
    const line = BigInt(row.net) - BigInt(row.credited);
    const left = smaller(line, classes.get(row.tax_class) ?? 0n);
    return {
      position: row.position,
      serviceMonth: row.service_month,
      component: row.component,
      priceVersion: row.price_version,
      description: row.description,
      taxClass: row.tax_class,
      left: left > 0n ? left : 0n,
    };
  });
}

const creditedOf = (which: string): string => `coalesce((
  SELECT sum(own.net_minor) FROM credit_note_line own JOIN credit_note note ON note.id = own.credit_note_id
  WHERE note.invoice_id = $1 AND ${which}), 0)`;

/** What each tax class of an invoice has left to give back, net. */
export async function leftByClass(client: Queryable, invoiceId: string): Promise<Map<string, bigint>> {
  const { rows } = await client.query<{ tax_class: string; left: string }>(
    `SELECT tax.tax_class, tax.net_minor - ${creditedOf('own.tax_class = tax.tax_class')} AS left FROM tax_line tax WHERE tax.invoice_id = $1`,
    [invoiceId],
  );
  return new Map(rows.map((row) => [row.tax_class, BigInt(row.left)]));
}

/** Everything that is left, as the lines of one credit note. */
export async function everythingLeft(client: Queryable, invoiceId: string): Promise<CreditLine[]> {
  const lines = await creditableLines(client, invoiceId);
  const spent = new Map<string, bigint>();
  const classLeft = await leftByClass(client, invoiceId);
  return lines.flatMap(({ position, left, ...line }) => {
    const used = spent.get(line.taxClass) ?? 0n;
    const net = smaller(left, (classLeft.get(line.taxClass) ?? 0n) - used);
    if (net <= 0n) return [];
    spent.set(line.taxClass, used + net);
    return [{ ...line, net }];
  });
}

/** A credit of `net` on one class with its tax, as `issueCreditNote` would give it now. */
export async function withTax(client: Queryable, invoiceId: string, taxClass: string, net: bigint): Promise<bigint> {
  const { rows } = await client.query<{ left: string; percent: string }>(
    `SELECT tax.net_minor - ${creditedOf('own.tax_class = $2')} AS left, percent::text FROM tax_line tax
     WHERE tax.invoice_id = $1 AND tax.tax_class = $2`,
    [invoiceId, taxClass],
  );
  const row = rows[0];
  return row ? net + creditTax(BigInt(row.left), net, decimal(row.percent)) : net;
}
