import type { NewQueueEntry, QueueEntry } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { collect, seededRandom, silentLogger, systemContext } from '#stdx';
import { SimulatedClock } from '#testing';
import type { AttemptOutcome, AttemptResult, Destination, OutboundMessage, Transport } from './ports.ts';
import { QueueRunner } from './runner.ts';
import type { QueueSettings } from './settings.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const context = systemContext('test');
export const BODY = 'Subject: hello\r\nFrom: a@x.test\r\n\r\nbody\r\n';

export const delivered: AttemptOutcome = {
  kind: 'delivered',
  dsnHandedOn: false,
  diagnostic: '250 OK',
  remoteMta: 'mx.y.test',
};
export const failed: AttemptOutcome = {
  kind: 'failed',
  status: '5.1.1',
  diagnostic: '550 5.1.1 No such user',
  remoteMta: 'mx.y.test',
};
export const deferred: AttemptOutcome = { kind: 'deferred', status: '4.2.1', diagnostic: '450 4.2.1 Later' };

export interface Attempt {
  readonly at: number;
  readonly destination: Destination;
  readonly recipients: readonly string[];
  readonly bytes: string;
  readonly parameters: ReadonlyMap<string, string | null>;
}

/** Answers as `answer` says, and keeps what it was given. */
export class ScriptedTransport implements Transport {
  readonly attempts: Attempt[] = [];
  answer: (entry: QueueEntry, attempt: Attempt) => AttemptOutcome = () => delivered;
  unreachable = false;
  /** Attempts wait for it. */
  gate: Promise<void> = Promise.resolve();
  running = 0;
  runningMost = 0;

  constructor(private readonly clock: SimulatedClock) {}

  async deliver(destination: Destination, message: OutboundMessage): Promise<AttemptResult> {
    this.running++;
    this.runningMost = Math.max(this.runningMost, this.running);
    const body = await message.open();
    const attempt: Attempt = {
      at: this.clock.now(),
      destination,
      recipients: message.entries.map(({ forwardPath }) => forwardPath),
      bytes: (body instanceof Uint8Array ? Buffer.from(body) : await collect(body, 1 << 26)).toString(),
      parameters: message.parameters,
    };
    this.attempts.push(attempt);
    await this.gate;
    this.running--;
    return {
      outcomes: message.entries.map((entry) => this.answer(entry, attempt)),
      unreachable: this.unreachable,
    };
  }
}

/** A queue in memory under simulated time. */
export function simulatedQueue(settings: Partial<QueueSettings> = {}) {
  const clock = new SimulatedClock();
  const store = new MemoryMailStore({ parse: messageParser, clock, volumeId: 'v1' });
  const transport = new ScriptedTransport(clock);
  const startedAt = clock.now();
  const routes = {
    route: async (forwardPath: string): Promise<Destination> => ({
      kind: 'mx',
      domain: forwardPath.slice(forwardPath.lastIndexOf('@') + 1),
    }),
  };
  const make = (): QueueRunner =>
    new QueueRunner({
      store,
      destinations: routes,
      transport,
      hostname: 'mx.test',
      clock,
      random: seededRandom(1),
      logger: silentLogger,
      settings,
    });
  return {
    clock,
    store,
    transport,
    routes,
    make,
    runner: make(),
    /** Milliseconds since the beginning of each attempt. */
    times: () => transport.attempts.map(({ at }) => at - startedAt),
    async submit(entries: readonly (Partial<NewQueueEntry> | string)[], body = BODY): Promise<void> {
      const message = await store.stage(Buffer.from(body));
      await store.deliver(context, {
        message,
        receivedAt: clock.now(),
        targets: [],
        queue: entries.map((entry) => ({
          reversePath: 'a@x.test',
          forwardPath: 'b@y.test',
          partnerId: 'p1',
          ...(typeof entry === 'string' ? { forwardPath: entry } : entry),
        })),
      });
      message.discard();
    },
    waiting: () => store.queueEntries({ limit: 1_000 }),
    /** Lets everything settle that needs no time. */
    async settle(): Promise<void> {
      for (let i = 0; i < 30; i++) await clock.advance(0);
    },
    async advance(ms: number, step = ms): Promise<void> {
      for (let passed = 0; passed < ms; passed += step) {
        await clock.advance(Math.min(step, ms - passed));
        for (let i = 0; i < 10; i++) await clock.advance(0);
      }
    },
  };
}
