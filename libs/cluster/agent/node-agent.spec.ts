import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OpenOrder } from '#cluster/api';
import { type Deferred, deferred, RELEASE, silentLogger } from '#stdx';
import { SimulatedClock } from '#testing';
import { acknowledgeWhile } from './acknowledge-while.ts';
import { NodeAgent } from './node-agent.ts';
import {
  type HostedVolume,
  MountError,
  type VolumeHost,
  VolumeIdentityError,
  VolumeLockedError,
} from './volume-host.ts';

const LEASE_MS = 3_000;

interface TestVolume extends HostedVolume {
  readonly epoch: number;
  closed: boolean;
  readonly failure: Deferred<Error>;
}

/** A host whose lock another process may hold, and whose steps can be made to fail. */
class TestHost implements VolumeHost<TestVolume> {
  lockedByOther = false;
  failWith: Error | undefined;
  failAt: 'mount' | 'identify' | 'open' | undefined;
  openTakesMs = 0;
  closeFails = false;
  unmounts = 0;
  readonly fences: (readonly string[])[] = [];
  readonly opened: TestVolume[] = [];

  constructor(private readonly clock: SimulatedClock) {}

  async mount(): Promise<string> {
    this.maybeFail('mount');
    return '/volume';
  }
  async unmount(): Promise<void> {
    this.unmounts++;
  }
  async identify(): Promise<void> {
    this.maybeFail('identify');
  }
  async open(_directory: string, { epoch }: { epoch: number }): Promise<TestVolume> {
    this.maybeFail('open');
    const held = this.opened.some(({ closed }) => !closed);
    if (this.lockedByOther || held) throw new VolumeLockedError();
    if (this.openTakesMs > 0) await this.clock.sleep(this.openTakesMs);
    const failure = deferred<Error>();
    const volume: TestVolume = {
      epoch,
      closed: false,
      failure,
      failed: failure.promise,
      writable: () => true,
      close: async () => {
        if (this.closeFails) throw new Error('cannot close');
        volume.closed = true;
      },
    };
    this.opened.push(volume);
    return volume;
  }
  async fence(command: readonly string[]): Promise<void> {
    this.fences.push(command);
    if (command[0] === 'works') this.lockedByOther = false;
    else throw new Error('exit code 1');
  }
  private maybeFail(step: 'mount' | 'identify' | 'open'): void {
    if (this.failAt === step && this.failWith) throw this.failWith;
  }
}

function setUp() {
  const clock = new SimulatedClock();
  const host = new TestHost(clock);
  const told: string[] = [];
  const agent = new NodeAgent<TestVolume>(
    { instance: 'i1', release: RELEASE, ownerLeaseMs: LEASE_MS },
    host,
    {
      serving: (_volume, id, epoch) => told.push(`serving ${id}@${epoch}`),
      ending: async (id, epoch) => void told.push(`ending ${id}@${epoch}`),
      lost: (id, epoch) => told.push(`lost ${id}@${epoch}`),
    },
    clock,
    silentLogger,
  );
  const order = (epoch: number, more: Partial<OpenOrder> = {}): OpenOrder => ({
    volumeId: 'v',
    epoch,
    mount: { driver: 'local', path: '/volume', args: [] },
    create: false,
    featureLevel: 1,
    fence: null,
    cold: null,
    lockWaitMs: 1_000,
    instance: 'i1',
    stamp: clock.monotonic(),
    ...more,
  });
  const renew = (epoch: number, stamp = clock.monotonic(), instance = 'i1'): void =>
    agent.renew({ instance, stamp, volumes: [{ volumeId: 'v', epoch }] });
  /** Advances time as a hub would see it: a renewal every 500 ms. */
  const serve = async (ms: number, epoch: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 500) {
      renew(epoch);
      await clock.advance(Math.min(500, ms - passed));
    }
  };
  const held = (): string | undefined => {
    const volume = agent.report().volumes[0];
    return volume && `${volume.state}@${volume.epoch}`;
  };
  return { clock, host, told, agent, order, renew, serve, held };
}

describe('NodeAgent', () => {
  it('opens, serves while renewed, and answers the same order again with the same answer', async () => {
    const { agent, order, serve, held, told } = setUp();
    const report = await agent.open(order(1));
    assert.ok(report.ok);
    assert.deepEqual(
      report.steps.map(({ step }) => step),
      ['mount', 'identify', 'lock', 'open'],
    );
    await serve(20_000, 1);
    assert.equal(await agent.open(order(1)), report);
    assert.equal(held(), 'serving@1');
    assert.equal(typeof agent.use('v', 1), 'object');
    assert.deepEqual(told, ['serving v@1']);
    assert.equal(agent.serving().length, 1);
  });

  it('closes the volume when nobody renews, says why, and does not open that epoch again', async () => {
    const { agent, clock, order, host, held, told, renew } = setUp();
    await agent.open(order(1));
    await clock.advance(LEASE_MS - 1);
    assert.equal(agent.mayAcknowledge('v', 1), true);
    await clock.advance(1);
    assert.equal(agent.mayAcknowledge('v', 1), false);
    assert.equal(held(), 'fenced@1');
    assert.match(agent.report().volumes[0]?.reason ?? '', /no hub renewed the lease for 3000 ms/);
    assert.equal(host.opened[0]?.closed, true);
    assert.deepEqual(told, ['serving v@1', 'lost v@1']);
    renew(1);
    assert.equal(agent.use('v', 1), 'stale');
    const again = await agent.open(order(1));
    assert.equal(!again.ok && again.refusal, 'superseded');
    assert.ok((await agent.open(order(2))).ok);
  });

  it('counts the lease from the stamp a grant answers, however late the grant arrives', async () => {
    const { agent, clock, order, renew, held } = setUp();
    await agent.open(order(1));
    const stamp = clock.monotonic();
    await clock.advance(2_900);
    renew(1, stamp);
    await clock.advance(200);
    assert.equal(held(), 'fenced@1');
  });

  it('takes no grant meant for another process, epoch or volume', async () => {
    const { agent, clock, order, renew, held } = setUp();
    await agent.open(order(1));
    await clock.advance(1_000);
    renew(1, clock.monotonic(), 'another');
    renew(2);
    agent.renew({ instance: 'i1', stamp: clock.monotonic(), volumes: [{ volumeId: 'w', epoch: 1 }] });
    await clock.advance(2_000);
    assert.equal(held(), 'fenced@1');
  });

  it('knows that its lease has ended before its timer does', async () => {
    const { agent, clock, order } = setUp();
    await agent.open(order(1));
    // A stopped process wakes up: time has passed, no timer has run yet.
    (clock as unknown as { elapsed: number }).elapsed += 10_000;
    assert.equal(agent.mayAcknowledge('v', 1), false);
    assert.equal(agent.use('v', 1), 'stale');
    assert.equal(agent.leasesHold(), false);
    await clock.advance(1);
    assert.equal(agent.leasesHold(), true, 'closed by now');
  });

  it('waits for the lock as long as it is renewed, then takes it', async () => {
    const { agent, clock, order, host, serve, held } = setUp();
    host.lockedByOther = true;
    const opening = agent.open(order(3));
    await serve(10_000, 3);
    assert.equal(held(), 'opening@3');
    assert.equal(agent.use('v', 3), 'unavailable');
    host.lockedByOther = false;
    await clock.advance(100);
    const report = await opening;
    assert.ok(report.ok);
    assert.ok((report.steps.find(({ step }) => step === 'lock')?.durationMs ?? 0) >= 10_000);
  });

  it('fences the holder of the lock at the deadline, and keeps trying when the fence fails', async () => {
    const { agent, clock, order, host, serve } = setUp();
    host.lockedByOther = true;
    const opening = agent.open(order(1, { fence: ['fails'] }));
    await serve(8_000, 1);
    assert.deepEqual(host.fences, [['fails'], ['fails']], 'at 1,000 and 6,000 ms');
    host.lockedByOther = false;
    await clock.advance(100);
    assert.ok((await opening).ok);

    const other = setUp();
    other.host.lockedByOther = true;
    const fenced = other.agent.open(other.order(1, { fence: ['works', '--now'] }));
    await other.serve(1_500, 1);
    const report = await fenced;
    assert.ok(report.ok);
    assert.deepEqual(other.host.fences, [['works', '--now']]);
  });

  it('stops waiting for the lock when its lease ends or another epoch is told', async () => {
    const { agent, clock, order, host, held } = setUp();
    host.lockedByOther = true;
    const unrenewed = agent.open(order(1));
    await clock.advance(LEASE_MS + 50);
    const expired = await unrenewed;
    assert.equal(!expired.ok && expired.refusal, 'leaseExpired');
    assert.equal(held(), 'fenced@1');
    const taken = agent.open(order(2));
    await clock.advance(50);
    const closing = agent.close({ volumeId: 'v', belowEpoch: 3, reason: 'moved' });
    await clock.advance(50);
    await closing;
    const superseded = await taken;
    assert.equal(!superseded.ok && superseded.refusal, 'superseded');
    assert.equal(host.opened.length, 0);
  });

  it('gives back a lock it got after its lease had ended', async () => {
    const { agent, clock, order, host, held } = setUp();
    host.openTakesMs = LEASE_MS + 500;
    const opening = agent.open(order(1));
    await clock.advance(LEASE_MS + 1_000);
    const report = await opening;
    assert.equal(!report.ok && report.refusal, 'leaseExpired');
    assert.deepEqual([host.opened[0]?.closed, held()], [true, 'fenced@1']);
  });

  it('lets go in order when told of a later epoch, and refuses every earlier one after that', async () => {
    const { agent, order, host, told, held } = setUp();
    await agent.open(order(4));
    await agent.close({ volumeId: 'v', belowEpoch: 4, reason: 'not this one' });
    assert.equal(held(), 'serving@4');
    await agent.close({ volumeId: 'v', belowEpoch: 6, reason: 'given to node two' });
    assert.deepEqual([held(), host.opened[0]?.closed], ['released@4', true]);
    assert.deepEqual(told, ['serving v@4', 'ending v@4']);
    const late = await agent.open(order(5));
    assert.equal(!late.ok && late.refusal, 'superseded');
    assert.ok((await agent.open(order(6))).ok, 'its own turn again');
  });

  it('changes to a later epoch of its own by closing first', async () => {
    const { agent, order, host, told } = setUp();
    await agent.open(order(1));
    assert.ok((await agent.open(order(2))).ok);
    assert.deepEqual(
      host.opened.map(({ epoch, closed }) => [epoch, closed]),
      [
        [1, true],
        [2, false],
      ],
    );
    assert.deepEqual(told, ['serving v@1', 'ending v@1', 'serving v@2']);
  });

  const failures = [
    { failAt: 'mount', failWith: new MountError('no such driver'), refusal: 'mountFailed' },
    { failAt: 'identify', failWith: new VolumeIdentityError('another volume'), refusal: 'wrongIdentity' },
    { failAt: 'open', failWith: new Error('index is corrupt'), refusal: 'openFailed' },
  ] as const;
  for (const { failAt, failWith, refusal } of failures) {
    it(`reports a failing ${failAt} with its reason`, async () => {
      const { agent, order, host, held } = setUp();
      Object.assign(host, { failAt, failWith });
      const report = await agent.open(order(1));
      assert.deepEqual(!report.ok && [report.refusal, report.reason], [refusal, failWith.message]);
      assert.equal(held(), 'failed@1');
      assert.equal(agent.leasesHold(), true);
    });
  }

  it('lets go of a volume whose storage failed', async () => {
    const { agent, clock, order, host, held, told } = setUp();
    await agent.open(order(1));
    host.opened[0]?.failure.resolve(new Error('fdatasync: EIO'));
    await clock.advance(1);
    assert.equal(held(), 'failed@1');
    assert.deepEqual(told, ['serving v@1', 'lost v@1']);
    assert.equal(agent.use('v', 1), 'stale');
  });

  it('shows the watchdog a volume that cannot be closed', async () => {
    const { agent, clock, order, host } = setUp();
    await agent.open(order(1));
    host.closeFails = true;
    await clock.advance(LEASE_MS + 10);
    assert.equal(agent.leasesHold(), false);
  });

  it('stops: lets go of everything, says so, and opens nothing more', async () => {
    const { agent, order, host, held } = setUp();
    await agent.open(order(1));
    await agent.stop('the node stops');
    assert.deepEqual([held(), host.opened[0]?.closed, agent.report().stopping], ['released@1', true, true]);
    const refused = await agent.open(order(2));
    assert.equal(!refused.ok && refused.refusal, 'notMe');
  });

  it('refuses an order meant for a former process', async () => {
    const { agent, order } = setUp();
    const report = await agent.open(order(1, { instance: 'i0' }));
    assert.equal(!report.ok && report.refusal, 'notMe');
  });
});

describe('acknowledgeWhile', () => {
  it('holds for the rooms of what it shows, too', async () => {
    let may = true;
    const store = { scripts: { put: async () => 'kept' }, failed: Promise.resolve('never'), id: 'v' };
    const view = acknowledgeWhile(
      store,
      () => may,
      () => new Error('over'),
    );
    assert.equal(await view.scripts.put(), 'kept');
    const put = view.scripts.put();
    may = false;
    await assert.rejects(put, /over/);
    assert.equal(await view.failed, 'never');
    assert.equal(view.id, 'v');
  });

  it('acknowledges only what ended while it might', async () => {
    let may = true;
    const target = { name: 'store', write: async (n: number) => n + 1, read: () => 7 };
    const view = acknowledgeWhile(
      target,
      () => may,
      () => new Error('fenced'),
    );
    assert.deepEqual([await view.write(1), view.read(), view.name], [2, 7, 'store']);
    const late = view.write(1);
    may = false;
    await assert.rejects(late, /fenced/);
    assert.equal(view.read(), 7);
  });
});
