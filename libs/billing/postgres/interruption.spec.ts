import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Database } from '#database';
import { type Random, seededRandom, systemRandom } from '#stdx';
import { booksOf } from './books.spec.ts';
import { dyingDatabase, Killed, type Strike } from './dying-database.spec.ts';
import { fact, jobs, received } from './golden.spec.ts';
import { outcomesOver, outcomeWorld } from './outcome-world.spec.ts';
import { WebhookEndpoints } from './webhook-endpoints.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

type World = Awaited<ReturnType<typeof outcomeWorld>>;
/** Every job over one process's database. */
type Process = ReturnType<typeof jobs> & ReturnType<typeof outcomesOver>;

/** What is due of each job, as its tick would do it. */
const JOBS: Readonly<Record<string, (process: Process) => Promise<void>>> = {
  'billing.tick': async ({ closing }) => {
    for (const due of await closing.due(100)) await closing.close(due);
  },
  'billing.finalize-tick': async ({ finalization }) => {
    for (const id of await finalization.due(100)) await finalization.finalize(id);
  },
  'invoice.tasks': async ({ fanOut, runner }) => {
    await fanOut.spread(100);
    await runner.run(1);
  },
  'pay.events': async ({ follower }) => void (await follower.run(100)),
  'pay.reconcile': async ({ collection, refunds }) => {
    for (const attempt of await collection.underWay(100)) await collection.follow(attempt);
    for (const refund of await refunds.underWay(100)) await refunds.advance(refund);
  },
  alerts: async ({ watch }) => {
    for (const partner of await watch.due(100)) await watch.look(partner);
  },
  'dunning.tick': async ({ dunning }) => {
    await dunning.markOverdue();
    for (const invoice of await dunning.due(100)) await dunning.remind(invoice);
    await dunning.restoreDue();
  },
  'late.scan': async ({ late }) => {
    for (const closed of await late.due(100)) await late.settle(closed);
  },
};

/** How a process dies: run every job, some of them more than once. */
type Disturbance = (world: World) => Promise<void>;

const processOver = (world: World, database: Database): Process => ({
  ...jobs(database, world.clock),
  ...outcomesOver(database, world.clock, world.provider, world.mailer, world.receiver),
});

/** Every job until nothing is due; leases of the dead run out meanwhile. */
async function undisturbed(world: World): Promise<void> {
  for (let round = 0; round < 3; round++) {
    for (const run of Object.values(JOBS)) await run(processOver(world, world.database));
    await world.settle();
    await world.clock.advance(20 * MINUTE);
  }
}

/** One run of a job in a process that dies; `true` when it ended before it was struck. */
async function survives(world: World, name: string, strike: Strike): Promise<boolean> {
  try {
    await JOBS[name]!(processOver(world, dyingDatabase(world.database, strike)));
    return true;
  } catch (error) {
    assert(error instanceof Killed, String(error));
    return false;
  } finally {
    await world.clock.advance(16 * MINUTE);
  }
}

/** Tasks that a phase of a fate may leave. */
const TASKS_MAX = 12;

/**
 * Every job, killed at each of its statements in turn, until it comes through. Tasks are begun at another statement each: a
 * letter that was once handed over is never again as it was before.
 */
const killedEverywhere = (moment: Strike['moment']): Disturbance => {
  let first = 0;
  const untilThrough = async (world: World, name: string, from: number): Promise<void> => {
    let at = from;
    while (!(await survives(world, name, { at, moment }))) at++;
    strikes += at - from;
  };
  return async (world) => {
    for (let task = 0; task < TASKS_MAX; task++) await untilThrough(world, 'invoice.tasks', first++ % 13);
    for (const name of Object.keys(JOBS)) await untilThrough(world, name, 0);
    for (let task = 0; task < TASKS_MAX; task++) await untilThrough(world, 'invoice.tasks', first++ % 13);
    await undisturbed(world);
  };
};

/** Jobs in a random order, killed at random statements on a random side. */
const killedAtRandom = (random: Random): Disturbance => {
  const names = Object.keys(JOBS);
  return async (world) => {
    for (let run = 0; run < 20; run++) {
      const name = names[Math.floor(random.fraction() * names.length)]!;
      const moment = random.fraction() < 0.5 ? 'before' : 'after';
      await survives(world, name, { at: Math.floor(random.fraction() ** 2 * 60), moment });
    }
    await undisturbed(world);
  };
};

let strikes = 0;

/** January to March of a partner that never pays and of one that pays by debit; what the books say then. */
async function fate(disturb: Disturbance): Promise<string[]> {
  await using world = await outcomeWorld('2026-02-01T00:10:00Z', false);
  const partners = [await world.customer(null), await world.customer('pm_sepaDebit')];
  const endpoints = new WebhookEndpoints(world.database, systemRandom);
  for (const partner of partners) {
    assert((await endpoints.create(partner, 'https://hooks.example/', [])).ok);
    assert((await world.policies.addThreshold(partner, { minor: 1_000n, percent: null })).ok);
    assert((await world.policies.update(partner, undefined, { cap: 'hard', capMinor: 3_600n })).ok);
  }
  const from = world.clock.now();
  const at = (day: number) => world.clock.advance(Math.max(0, from + day * DAY - world.clock.now()));
  await disturb(world);
  await at(2);
  const february = partners.map((partner) => fact(partner, 'feb', '2026-02-02T10:00:00Z', 'mx', received(100_000)));
  await world.metering.ingest(february, 'internal');
  await disturb(world);
  for (const intent of world.sandbox.intentsMade())
    if (intent['status'] === 'processing') world.sandbox.conclude(String(intent.id), 'succeeded');
  for (const notice of world.sandbox.takeNotices('whsec_'))
    await world.events.keep({ ...notice, objectId: JSON.parse(notice.body).data.object.id });
  await disturb(world);
  await giveBack(world, partners[0]!, partners[1]!);
  await disturb(world);
  for (const refund of world.sandbox.refundsMade()) world.sandbox.concludeRefund(String(refund.id), 'succeeded');
  for (const notice of world.sandbox.takeNotices('whsec_'))
    await world.events.keep({ ...notice, objectId: JSON.parse(notice.body).data.object.id });
  await disturb(world);
  const late = partners.map((partner) => fact(partner, 'late', '2026-01-20T10:00:00Z', 'mx', received(100_000)));
  await world.metering.ingest(late, 'internal');
  for (const day of [18, 20, 24, 32, 34]) {
    await at(day);
    await disturb(world);
  }
  await sound(world);
  return (await Promise.all(partners.map((partner) => booksOf(world.database, partner)))).flat();
}

/** One partner's dispute is answered and credited; the other gets part of what it paid back. */
async function giveBack(world: World, disputing: string, paid: string): Promise<void> {
  const invoiceOf = async (partner: string): Promise<string> =>
    (await world.one<{ id: string }>(`SELECT id FROM invoice WHERE partner_id = $1 AND month = '2026-01'`, [partner]))
      .id;
  const said = { side: 'support', author: 'operator' } as const;
  const opened = await world.disputes.open(
    { partnerId: disputing, invoiceId: await invoiceOf(disputing), position: 1, net: 100n, text: 'Not ours.' },
    { side: 'partner', author: 'key' },
  );
  assert(opened.ok);
  assert((await world.disputes.resolve(opened.value.id, { outcome: 'credited' }, said, 'Sorry.')).ok);
  const refunded = await world.refunds.request({
    partnerId: paid,
    invoiceId: await invoiceOf(paid),
    reason: 'Sorry',
    method: 'stripe',
    lines: [{ position: 1, net: 600n }],
    actor: 'operator',
  });
  assert(refunded.ok);
}

/** What holds whatever happened. */
async function sound(world: World): Promise<void> {
  const { database, mailer, sandbox } = world;
  const numbers = await database.query<{ number: string }>(
    'SELECT number FROM invoice WHERE number IS NOT NULL ORDER BY number',
  );
  assert.deepEqual(
    numbers.map(({ number }) => Number(number.slice(-6))),
    numbers.map((_, index) => index + 1),
    'numbers without a gap',
  );
  const charges = sandbox.intentsMade().map((intent) => JSON.stringify(intent['metadata']));
  assert.equal(new Set(charges).size, charges.length, 'no attempt charged twice');
  const paid = await database.query('SELECT FROM payment GROUP BY invoice_id HAVING count(*) > 1');
  assert.deepEqual(paid, [], 'no invoice paid twice');
  const refunds = sandbox.refundsMade().map((refund) => JSON.stringify(refund['metadata']));
  assert.equal(new Set(refunds).size, refunds.length, 'nothing given back twice');
  const letters = mailer.sent.map(({ name }) => name);
  assert.equal(new Set(letters).size, letters.length, 'no letter twice');
  const unsent = await database.query<{ name: string }>(
    `SELECT outbox_id || '.mail' AS name FROM invoice_task WHERE kind = 'mail' AND state = 'done'`,
  );
  for (const { name } of unsent) assert(letters.includes(name), `${name} is done and was not sent`);
  const unbalanced = await database.query('SELECT posting FROM wallet_ledger GROUP BY posting HAVING sum(minor) <> 0');
  assert.deepEqual(unbalanced, []);
}

describe('jobs that are killed', () => {
  let wanted: string[];
  before(async () => {
    wanted = await fate(undisturbed);
  });

  const same = (books: readonly string[]): void => {
    const lost = wanted.filter((line) => !books.includes(line));
    const odd = books.filter((line) => !wanted.includes(line));
    assert.deepEqual({ lost, odd, count: books.length }, { lost: [], odd: [], count: wanted.length });
  };

  it('undisturbed, one partner has paid and the other is suspended', () => {
    const text = wanted.join('\n');
    for (const part of [
      '"state":"paid"',
      '"state":"overdue"',
      'dunning_step',
      'partner_suspension',
      'late_charge_billed',
      'invoice_file',
      'webhook_delivery',
      'dispute_comment',
      'refund {',
      'refundPaid~',
      'spend_alert',
      'cap~3600',
    ])
      assert(text.includes(part), part);
  });

  for (const moment of ['before', 'after'] as const)
    it(`${moment} each statement in turn: the books are the same`, async () => {
      strikes = 0;
      same(await fate(killedEverywhere(moment)));
      assert(strikes > 100, `only ${strikes} deaths`);
    });

  for (const seed of [1, 2, 3])
    it(`at random, in random order (seed ${seed}): the books are the same`, async () => {
      same(await fate(killedAtRandom(seededRandom(seed))));
    });
});
