import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Database } from '#database';
import type { RequestContext } from '#stdx';
import { systemContext, systemRandom } from '#stdx';
import { testDatabase } from '#testing';
import { PostgresAccountUsage } from './account-usage.ts';
import { insertCluster, insertVolume } from './fixture.spec-fixture.ts';
import { PostgresDirectoryRegistry } from './registry.ts';

/** Tables without a partner, each with the reason; the tenant role may do nothing at all with them. */
const EXEMPT: Readonly<Record<string, string>> = {
  schema_migration: 'TypeORM’s own: which migrations were applied',
  volume_load: 'numbers of accounts, no partner’s data; read to place new ones',
};

/** Tables whose rows without a partner every partner may read: the operator's offers. */
const SHARED: ReadonlySet<string> = new Set([
  'billing_seller',
  'meter',
  'price_component',
  'price_list',
  'price_list_version',
  'tax_rate',
]);

interface Policy {
  readonly table: string;
  /** With its roles. */
  readonly name: string;
  readonly command: string;
  readonly permissive: string;
  readonly qual: string;
  readonly check: string | null;
}

interface Table {
  readonly name: string;
  readonly isPartition: boolean;
  readonly partnerColumn: string | null;
  readonly isProtected: boolean;
}

const OPERATOR: RequestContext = systemContext('tenancy');
const OWN_ROWS = "(NULLIF(current_setting('rookery.partner_id'::text, true), ''::text))::uuid";

describe('row-level security', () => {
  let home: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  let tables: readonly Table[];
  let mine: string;
  let theirs: string;

  before(async () => {
    home = await testDatabase();
    database = new Database({ url: home.url });
    tables = await database.query<Table & Record<string, unknown>>(`
      SELECT c.relname AS name, c.relispartition AS "isPartition", c.relrowsecurity AND c.relforcerowsecurity AS "isProtected",
        CASE WHEN c.relname = 'partner' THEN 'id' ELSE a.attname END AS "partnerColumn"
      FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'partner_id' AND NOT a.attisdropped
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'm', 'f') ORDER BY 1`);
    const ids: string[] = [];
    for (const slug of ['mine', 'theirs']) ids.push(await populate(database, slug));
    [mine = '', theirs = ''] = ids;
  });
  after(async () => {
    await database.close();
    await home[Symbol.asyncDispose]();
  });

  it('binds every table that has a partner, by the one policy', async () => {
    const policies = await database.query<Policy & Record<string, unknown>>(
      `SELECT tablename AS table, policyname || ' ' || roles::text AS name, cmd AS command, permissive, qual, with_check AS check
       FROM pg_policies WHERE schemaname = 'public'`,
    );
    for (const { name, isPartition, partnerColumn, isProtected } of tables) {
      if (partnerColumn === null || isPartition) continue;
      assert(isProtected, `${name}: row-level security is not on, or not for its owner`);
      const own = (row: string): Policy => ({
        table: name,
        name: 'tenant {rookery_tenant}',
        command: 'ALL',
        permissive: 'PERMISSIVE',
        qual: row,
        check: row,
      });
      const everybodys = {
        ...own('(partner_id IS NULL)'),
        name: 'shared {rookery_tenant}',
        command: 'SELECT',
        check: null,
      };
      const wanted = [
        ...(SHARED.has(name) ? [everybodys] : []),
        { ...own('true'), name: 'system {rookery_system}' },
        own(`(${partnerColumn} = ${OWN_ROWS})`),
      ];
      const found = policies.filter((policy) => policy.table === name).sort((a, b) => (a.name < b.name ? -1 : 1));
      assert.deepEqual(found, wanted, name);
    }
  });

  it('leaves no table without a partner, but for those with a reason', async () => {
    const without = tables.filter(({ partnerColumn }) => partnerColumn === null).map(({ name }) => name);
    assert.deepEqual(without.sort(), Object.keys(EXEMPT).sort());
  });

  it('gives partners nothing of exempt tables and of single partitions', async () => {
    const closed = tables.filter(({ partnerColumn, isPartition }) => partnerColumn === null || isPartition);
    for (const { name } of closed) {
      const [row] = await database.query<{ any: boolean }>(
        `SELECT has_table_privilege('rookery_tenant', $1::regclass, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege('rookery_tenant', $1::regclass, 'SELECT, INSERT, UPDATE') AS any`,
        [name],
      );
      assert.equal(row?.any, false, name);
    }
  });

  it('never lets partners empty a table or see a key that signs', async () => {
    for (const { name } of tables) {
      const [row] = await database.query<{ may: boolean }>(
        `SELECT has_table_privilege('rookery_tenant', $1::regclass, 'TRUNCATE') AS may`,
        [name],
      );
      assert.equal(row?.may, false, name);
    }
    const [key] = await database.query<{ may: boolean }>(
      `SELECT has_column_privilege('rookery_tenant', 'cluster', 'key', 'SELECT') AS may`,
    );
    assert.equal(key?.may, false);
  });

  it('holds against a partner who tries every table', async () => {
    const tried: string[] = [];
    for (const { name, partnerColumn, isPartition } of tables) {
      if (partnerColumn === null || isPartition) continue;
      const count = async (): Promise<string> => {
        const [row] = await database.query<{ rows: string }>(
          `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') AS rows FROM ${name} t WHERE ${partnerColumn} = $1`,
          [theirs],
        );
        return row?.rows ?? '';
      };
      const had = await count();
      if (!had.startsWith('0 ')) tried.push(name);
      const touched = async (sql: string): Promise<number | string> =>
        database
          .asPartner(mine, async (client) => (await client.query(sql, [theirs])).rowCount ?? 0)
          .catch((error: { code?: string }) => error.code ?? '');
      // 42501: no right at all. Nothing touched: the rows are not there for this partner.
      for (const sql of [
        `SELECT ${partnerColumn} FROM ${name} WHERE ${partnerColumn} = $1`,
        `UPDATE ${name} SET ${partnerColumn} = ${partnerColumn} WHERE ${partnerColumn} = $1`,
        `DELETE FROM ${name} WHERE ${partnerColumn} = $1`,
      ])
        assert([0, '42501'].includes(await touched(sql)), `${sql}: ${await touched(sql)}`);
      const inserted = await touched(`INSERT INTO ${name} (${partnerColumn}) VALUES ($1)`);
      assert.equal(typeof inserted, 'string', `${name}: a row was written for another partner`);
      // Giving one's own rows away is refused too.
      const given = await touched(`UPDATE ${name} SET ${partnerColumn} = $1`);
      assert(given === 0 || typeof given === 'string', `${name}: ${given} rows were given to another partner`);
      assert.equal(await count(), had, name);
    }
    for (const name of [
      'partner',
      'domain',
      'account',
      'account_usage',
      'account_token',
      'alias',
      'api_key',
      'api_idempotency',
      'outbox',
      'cluster',
      'volume',
    ])
      assert(tried.includes(name), `${name} had no rows to be crossed`);
  });

  it('shows nothing to a tenant who is nobody', async () => {
    for (const partner of ['', '00000000-0000-0000-0000-000000000000'])
      for (const table of ['partner', 'domain', 'account', 'alias', 'api_key', 'outbox']) {
        const rows = await database.asPartner(
          partner,
          async (client) => (await client.query(`SELECT FROM ${table}`)).rowCount,
        );
        assert.equal(rows, 0, table);
      }
  });

  it('keeps operator keys from everybody', async () => {
    const registry = new PostgresDirectoryRegistry(database, systemRandom);
    const made = await registry.createApiKey(OPERATOR, { partnerId: null, name: 'operator', scopes: ['operator'] });
    assert(made.ok);
    const seen = await registry.listApiKeys({ ...OPERATOR, partnerId: mine }, {});
    assert(!seen.items.some((key) => key.partnerId === null));
    assert.equal((await registry.deleteApiKey({ ...OPERATOR, partnerId: mine }, made.value.id)).ok, false);
  });
});

/** A partner with at least a row in every table a partner can have rows in. */
async function populate(database: Database, slug: string): Promise<string> {
  const registry = new PostgresDirectoryRegistry(database, systemRandom, {
    memoryKiB: 8,
    passes: 1,
    lanes: 1,
    scramIterations: 4_096,
  });
  const cluster = await insertCluster(database, slug, false);
  await insertVolume(database, cluster, 'volume', 'standard', 1);
  const partner = await registry.findPartner(OPERATOR, slug);
  assert(partner.ok);
  const partnerId = partner.value.id;
  assert((await registry.createDomain(OPERATOR, { partnerId, name: `${slug}.example` })).ok);
  const account = await registry.createAccount(OPERATOR, { email: `bob@${slug}.example`, password: 'correct horse' });
  assert(account.ok);
  assert(
    (await registry.createAlias(OPERATOR, { email: `sales@${slug}.example`, targets: [`bob@${slug}.example`] })).ok,
  );
  const key = await registry.createApiKey(OPERATOR, { partnerId, name: 'key', scopes: ['read'] });
  assert(key.ok);
  const token = { accountId: account.value.id, name: 'mail', lifetimeMs: 3_600_000 };
  assert((await registry.createAccountToken(OPERATOR, token)).ok);
  await new PostgresAccountUsage(database).remember(new Map([[account.value.id, { usedBytes: 1, at: new Date(0) }]]));
  await database.query(
    `INSERT INTO api_idempotency (api_key_id, idempotency_key, partner_id, request_hash, running_until, expires_at)
     VALUES ($1, 'k', $2, '\\x00', now(), now())`,
    [key.value.id, partnerId],
  );
  return partnerId;
}
