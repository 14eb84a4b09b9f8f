import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Database } from '#database';
import type { DirectoryLookup, DirectoryRegistry } from '#directory/api';
import { CHEAP_PASSWORDS } from '#directory/contract';
import { MemoryDirectory } from '#directory/memory';
import { type Random, seededRandom, silentLogger, systemClock, systemContext } from '#stdx';
import { testDatabase } from '#testing';
import { insertCluster, insertVolume } from './fixture.spec-fixture.ts';
import { PostgresDirectoryLookup } from './lookup.ts';
import { PostgresDirectoryRegistry } from './registry.ts';

const CONTEXT = systemContext('agreement');
const SEEDS = 12;
const LOCALS = ['a', 'b', 'c', 'd+e', 'd', 'a+b', 'É', 'f-g', 'f'];

interface Directory {
  readonly registry: DirectoryRegistry;
  readonly lookup: DirectoryLookup;
}

/** Random directories full of loops, details and catch-alls: SQL and the memory engine must come to the same. */
describe('PostgreSQL and memory resolve alike', () => {
  let home: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  let clusterId: string;
  before(async () => {
    home = await testDatabase();
    database = new Database({ url: home.url });
    clusterId = await insertCluster(database, 'shared', true);
    await insertVolume(database, clusterId, 'volume', 'standard', 1);
  });
  after(async () => {
    await database.close();
    await home[Symbol.asyncDispose]();
  });

  for (let seed = 1; seed <= SEEDS; seed++)
    it(`seed ${seed}`, async () => {
      const memory = new MemoryDirectory({
        clusters: [{ id: 'shared', partnerId: null, shared: true }],
        volumes: [{ id: 'volume', clusterId: 'shared', volumeClass: 'standard', weight: 1 }],
        clock: systemClock,
        random: seededRandom(seed),
        passwordCost: CHEAP_PASSWORDS,
      });
      const postgres = {
        registry: new PostgresDirectoryRegistry(database, seededRandom(seed), CHEAP_PASSWORDS),
        lookup: new PostgresDirectoryLookup(database, home.url, systemClock, silentLogger),
      };
      const domains = [`x${seed}.example`, `y${seed}.example`];
      const one = await populate(memory, domains, seededRandom(seed));
      const other = await populate(postgres, domains, seededRandom(seed));
      assert.deepEqual([...one.keys()], [...other.keys()]);
      for (const domain of [...domains, 'away.example'])
        for (const local of [...LOCALS, 'A', 'zz', 'a+zz', 'zz+a', 'b-zz', 'é', '"a"', '+a']) {
          const address = `${local}@${domain}`;
          assert.deepEqual(await shape(postgres, address), await shape(memory, address), address);
          for (const [email, id] of one) {
            const wanted = await memory.lookup.maySendAs(id, address);
            assert.equal(
              await postgres.lookup.maySendAs(other.get(email) ?? '', address),
              wanted,
              `${email} as ${address}`,
            );
          }
        }
    });
});

/** Account ids by address. */
async function populate(
  directory: Directory,
  domains: readonly string[],
  random: Random,
): Promise<Map<string, string>> {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.fraction() * items.length)] as T;
  const address = (): string =>
    `${pick([...LOCALS, 'A', 'zz', 'a+zz'])}@${pick([...domains, ...domains, 'away.example'])}`;
  const slug = domains[0]?.split('.')[0] ?? '';
  const partner = await directory.registry.createPartner(CONTEXT, { slug, name: slug });
  assert(partner.ok);
  for (const name of domains) {
    const catchAll = random.fraction() < 0.4 ? address() : null;
    const detailSeparator = pick(['+', '+', '-', '']);
    const input = { partnerId: partner.value.id, name, catchAll, detailSeparator };
    assert((await directory.registry.createDomain(CONTEXT, input)).ok);
  }
  const accounts = new Map<string, string>();
  for (const domain of domains)
    for (const local of LOCALS) {
      const email = `${local}@${domain}`;
      const chance = random.fraction();
      if (chance < 0.3) {
        const made = await directory.registry.createAccount(CONTEXT, { email, password: 'correct horse' });
        assert(made.ok);
        accounts.set(made.value.email, made.value.id);
        const state = pick(['active', 'active', 'suspended', 'receiveBlocked'] as const);
        assert((await directory.registry.updateAccount(CONTEXT, made.value.id, undefined, { state })).ok);
      } else if (chance < 0.8) {
        const targets = Array.from({ length: 1 + Math.floor(random.fraction() * 3) }, address);
        assert((await directory.registry.createAlias(CONTEXT, { email, targets })).ok);
      }
    }
  return accounts;
}

/** A resolution without what differs between two directories by nature: ids. */
async function shape({ lookup }: Directory, address: string): Promise<unknown> {
  const resolution = await lookup.resolveRecipient(address);
  const dependsOn = [...(resolution.dependsOn ?? [])].sort();
  if (resolution.kind !== 'deliver') return { ...resolution, dependsOn };
  const accounts = resolution.accounts.map(({ email, state, quotaBytes }) => ({ email, state, quotaBytes }));
  return { kind: resolution.kind, accounts, remote: resolution.remote, dependsOn };
}
