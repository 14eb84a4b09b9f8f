import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fact, newPartner, received } from './golden.spec.ts';
import { outcomeWorld } from './outcome-world.spec.ts';

/** 100,000 messages cost 36.00, each further thousand 0.25. */
describe('spending', () => {
  let world: Awaited<ReturnType<typeof outcomeWorld>>;
  let partners = 0;
  before(async () => {
    world = await outcomeWorld('2026-02-03T12:00:00Z', false);
  });
  after(() => world[Symbol.asyncDispose]());

  const spender = async (): Promise<string> => {
    const partner = await newPartner(world.database, `spender-${++partners}`, '2026-01-01T00:00:00Z');
    await world.database.query('INSERT INTO billing_profile (partner_id, email) VALUES ($1, $2)', [
      partner,
      `s${partners}@spend.example`,
    ]);
    return partner;
  };
  let serial = 0;
  const use = (partner: string, messages: number) =>
    world.metering.ingest(
      [fact(partner, `m${++serial}`, new Date(world.clock.now()).toISOString(), 'mx', received(messages))],
      'internal',
    );
  const tick = async (): Promise<void> => {
    for (const partner of await world.watch.due(100)) await world.watch.look(partner);
    await world.settle();
    await world.clock.advance(5 * 60_000);
  };
  const told = async (partner: string) =>
    (await world.policies.alerts(partner, 100))
      .map(({ month, threshold, spend }) => [month, threshold, spend])
      .reverse();
  const lettersTo = async (partner: string) => {
    const { email } = await world.one('SELECT email FROM billing_profile WHERE partner_id = $1', [partner]);
    return world.mailer.sent.filter(({ to }) => to === email).map(({ subject }) => subject);
  };

  it('tells each threshold once a month, by letter and webhook, whatever is looked at how often', async () => {
    const partner = await spender();
    const budget = await world.policies.update(partner, undefined, { budget: 5_000n });
    assert(budget.ok);
    for (const threshold of [
      { minor: 1_000n, percent: null },
      { minor: null, percent: 50 },
      { minor: null, percent: 80 },
    ])
      assert((await world.policies.addThreshold(partner, threshold)).ok);
    await tick();
    assert.deepEqual(await told(partner), []);
    await use(partner, 35_000);
    await tick();
    await tick();
    assert.deepEqual(await told(partner), [['2026-02', 'amount~1000', 1_000n]]);
    await use(partner, 65_000);
    await tick();
    await use(partner, 100_000);
    for (let round = 0; round < 3; round++) await tick();
    assert.deepEqual(await told(partner), [
      ['2026-02', 'amount~1000', 1_000n],
      ['2026-02', 'percent~50', 3_600n],
      ['2026-02', 'percent~80', 6_100n],
    ]);
    assert.deepEqual(await lettersTo(partner), [
      '2026-02: 10.00 EUR reached',
      '2026-02: 50 % of your budget reached',
      '2026-02: 80 % of your budget reached',
    ]);
    await world.days(28);
    await tick();
    assert.equal((await told(partner)).length, 3);
    await use(partner, 35_000);
    await tick();
    assert.deepEqual((await told(partner)).at(-1), ['2026-03', 'amount~1000', 1_000n]);
  });

  it('a commitment is not spending; fees and coupons are', async () => {
    const partner = await spender();
    await world.database.query(`INSERT INTO commitment (partner_id, amount, started) VALUES ($1, 600, '2026-01-01')`, [
      partner,
    ]);
    await world.database.query(
      `INSERT INTO coupon (partner_id, description, percent, started) VALUES ($1, 'Half', 50, '2026-01-01')`,
      [partner],
    );
    assert((await world.policies.addThreshold(partner, { minor: 1_700n, percent: null })).ok);
    await use(partner, 100_000);
    await tick();
    assert.deepEqual(
      (await told(partner)).map(([, , spend]) => spend),
      [1_800n],
    );
  });

  it('a hard cap refuses from within five minutes after it is reached until it is raised or the month ends', async () => {
    const partner = await spender();
    assert.equal(await world.watch.refusal(partner), undefined);
    assert((await world.policies.update(partner, undefined, { cap: 'hard', capMinor: 3_000n })).ok);
    assert.equal(await world.watch.refusal(partner), undefined);
    await use(partner, 100_000);
    await tick();
    await tick();
    assert.match(String(await world.watch.refusal(partner)), /has come to 36.00 EUR and the cap is 30.00/);
    assert.deepEqual(
      (await lettersTo(partner)).map((subject) => subject.slice(9)),
      ['your cap of 30.00 EUR is reached'],
    );
    assert((await world.policies.update(partner, undefined, { capMinor: 5_000n })).ok);
    assert.equal(await world.watch.refusal(partner), undefined);
    assert((await world.policies.update(partner, undefined, { capMinor: 3_000n, cap: 'soft' })).ok);
    assert.equal(await world.watch.refusal(partner), undefined);
    assert((await world.policies.update(partner, undefined, { cap: 'hard' })).ok);
    assert.ok(await world.watch.refusal(partner));
    await world.days(31);
    assert.equal(await world.watch.refusal(partner), undefined);
  });

  it('holds against nobody’s cap but one’s own, and refuses what makes no sense', async () => {
    const [mine, theirs] = [await spender(), await spender()];
    assert((await world.policies.update(theirs, undefined, { cap: 'hard', capMinor: 1n })).ok);
    await use(theirs, 100_000);
    assert.equal(await world.watch.refusal(mine), undefined);
    assert.ok(await world.watch.refusal(theirs));
    for (const [change, field] of [
      [{ cap: 'soft' }, 'capMinor'],
      [{ cap: 'hard' }, 'capMinor'],
    ] as const) {
      const refused = await world.policies.update(mine, undefined, change);
      assert.deepEqual(refused.ok ? '' : 'field' in refused.error && refused.error.field, field);
    }
    assert.equal((await world.policies.addThreshold(mine, { minor: null, percent: 80 })).ok, false);
    assert.equal((await world.policies.addThreshold(mine, { minor: 5n, percent: 80 })).ok, false);
    const stale = await world.policies.update(mine, 77, { budget: 5n });
    assert.deepEqual(stale, { ok: false, error: { code: 'stale' } });
    const made = await world.policies.addThreshold(mine, { minor: 5n, percent: null });
    assert(made.ok);
    assert.deepEqual(await world.policies.addThreshold(mine, { minor: 5n, percent: null }), made);
    assert.equal((await world.policies.deleteThreshold(theirs, made.value.id)).ok, false);
    assert((await world.policies.deleteThreshold(mine, made.value.id)).ok);
  });
});
