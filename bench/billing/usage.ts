import type { Database } from '#database';
import type { UsageEvent } from '#metering';
import { type Random, seededRandom } from '#stdx';

/** Partners a volume holds mail of: a batch comes from one volume. */
const PARTNERS_PER_VOLUME = 20;
const MAILBOXES = 20;
/** A volume says what it stores every quarter of an hour (docs/BILLING.md). */
const SAMPLE_MS = 900_000;

export interface Batch {
  readonly events: readonly UsageEvent[];
  /** How many of them are messages. */
  readonly messages: number;
}

export async function makePartners(database: Database, count: number, since: number): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `INSERT INTO partner (slug, name, created_at) SELECT 'p' || n, 'Partner ' || n, $2 FROM generate_series(1, $1::int) n RETURNING id`,
    [count, new Date(since)],
  );
  return rows.map(({ id }) => id);
}

/** A month of partners, in batches as volumes send them: what each partner has first, then messages. The same for ever. */
export class Load {
  private readonly random = seededRandom(1);
  private readonly lives: readonly UsageEvent[];
  private readonly volumes: number;
  private next = 0;
  private batches = 0;
  /** By partner, how many samples of its volume were given, and how likely the next event is one. */
  private readonly samples: number[];
  private readonly sampleShare: number;

  constructor(
    private readonly partners: readonly string[],
    private readonly from: number,
    private readonly to: number,
    readonly events: number,
    private readonly batchSize: number,
  ) {
    this.lives = partners.flatMap((partner, index) => resources(partner, index, from));
    this.samples = partners.map(() => 0);
    this.sampleShare = Math.min(0.5, (partners.length * (to - from)) / SAMPLE_MS / events);
    this.volumes = Math.max(1, Math.floor(partners.length / PARTNERS_PER_VOLUME));
  }

  /** The next batch; `undefined` when all were given. */
  take(): Batch | undefined {
    const start = this.next;
    if (start >= this.events) return undefined;
    this.next = Math.min(start + this.batchSize, this.events);
    const volume = this.batches++ % this.volumes;
    const events = Array.from({ length: this.next - start }, (_, n) => this.event(start + n, volume));
    return { events, messages: events.filter(({ kind }) => kind === 'counter').length };
  }

  private event(n: number, volume: number): UsageEvent {
    const life = this.lives[n];
    if (life) return life;
    const index = this.partnerOn(volume);
    const partner = this.partners[index]!;
    const at = this.from + (this.samples[index]! + 1) * SAMPLE_MS;
    if (at >= this.to || this.random.fraction() >= this.sampleShare)
      return message(partner, volume, this.random, n, this.from, this.to);
    this.samples[index]!++;
    return sample(partner, index, at);
  }

  /** Index of some partner of a volume's. */
  private partnerOn(volume: number): number {
    const own = Math.floor((this.partners.length - volume - 1) / this.volumes) + 1;
    return volume + this.volumes * Math.floor(this.random.fraction() * own);
  }
}

/** A hub, a node, a volume's bytes and some mailboxes for each partner. */
function resources(partnerId: string, index: number, since: number): UsageEvent[] {
  const base = { source: 'bench', partnerId, at: new Date(since).toISOString() };
  return [
    { ...base, id: 'hub', subject: `hub-${index}`, kind: 'start', meter: 'hub' },
    { ...base, id: 'node', subject: `node-${index}`, kind: 'start', meter: 'node-active' },
    { ...base, id: 'bytes', subject: `volume-${index}`, kind: 'gauge', meter: 'storage-bytes', value: 10 ** 10 },
    ...Array.from(
      { length: MAILBOXES },
      (_, n): UsageEvent => ({
        ...base,
        id: `mailbox-${n}`,
        subject: `account-${index}-${n}`,
        label: `user${n}@p${index}.example`,
        kind: 'start',
        meter: 'mailbox',
      }),
    ),
  ];
}

function sample(partnerId: string, index: number, at: number): UsageEvent {
  return {
    id: `bytes-${at}`,
    source: 'bench',
    partnerId,
    at: new Date(at).toISOString(),
    subject: `volume-${index}`,
    kind: 'gauge',
    meter: 'storage-bytes',
    value: 10 ** 10 + (at % 10 ** 9),
  };
}

function message(partnerId: string, volume: number, random: Random, n: number, from: number, to: number): UsageEvent {
  return {
    id: `${volume}~1~${n}`,
    source: `volume:${volume}`,
    partnerId,
    at: new Date(from + Math.floor(random.fraction() * (to - from))).toISOString(),
    subject: `account-${n % MAILBOXES}`,
    kind: 'counter',
    meter: n % 3 === 0 ? 'messages-out' : 'messages-in',
    quantity: 1,
  };
}
