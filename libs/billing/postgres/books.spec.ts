import type { Database } from '#database';

/** What differs between two partners with the same fate: names, instants, and how often something had to be tried. */
const INCIDENTAL =
  /(^|_)(id|at|until|number|seq|digest|bytes|attempts|version|duration_ms|name|email|started|ended|key|secret)$/;
const NAMES: readonly [RegExp, string][] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>'],
  [/RK-(C-)?\d{4}-\d{6}/g, '<number>'],
  [/\b(pi|pm|cus|evt|seti|re)_\d+/g, '<$1>'],
  [/customer-\d+/g, '<slug>'],
  [/"digest":"[0-9a-f]+"/g, '"digest":""'],
];

/** Everything the database holds about a partner besides what it used, in a form that two partners can be compared by. */
export async function booksOf(database: Database, partnerId: string): Promise<string[]> {
  const tables = await database.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'partner_id'
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname !~ '^(usage_|ingest_|resource_)' ORDER BY 1`,
  );
  const books: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(t) AS row FROM ${name} t WHERE partner_id = $1`,
      [partnerId],
    );
    const lines = rows.map(({ row }) => `${name} ${comparable(name, row)}`);
    // Calls of a webhook may be repeated; the receiver tells by their id.
    books.push(...(name === 'webhook_delivery' ? new Set(lines) : lines));
  }
  return books.sort();
}

function comparable(table: string, row: Record<string, unknown>): string {
  const kept = Object.entries(row).filter(([column]) => !INCIDENTAL.test(column));
  const values = Object.fromEntries(kept);
  if (table === 'webhook_delivery') delete values['attempt'];
  // A letter whose process ended while it was handed over is settled, too: it is not sent again.
  if (table === 'invoice_task' && values['kind'] === 'mail' && values['state'] === 'uncertain')
    Object.assign(values, { state: 'done', failure: null });
  return NAMES.reduce((text, [pattern, name]) => text.replace(pattern, name), JSON.stringify(values));
}
