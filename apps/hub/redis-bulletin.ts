import { Redis } from 'ioredis';
import type { Bulletin } from '#frontdoor';
import type { Clock, Logger, Random } from '#stdx';

/** Redis being away is said at most this often. */
const WARN_EVERY_MS = 60_000;

/** What hubs tell each other, over Redis' publish and subscribe. While Redis is away nothing is said and nothing heard. */
export class RedisBulletin implements Bulletin {
  private readonly listeners = new Map<string, (text: string, hub: string) => void>();
  private readonly publisher: Redis | undefined;
  private readonly subscriber: Redis | undefined;
  /** Of this start, so that one hears the others alone. */
  private readonly hub: string;
  private warnedAt = Number.NEGATIVE_INFINITY;

  /** Without a URL the hub is alone. */
  constructor(
    url: string | undefined,
    private readonly clusterId: string,
    private readonly clock: Pick<Clock, 'monotonic'>,
    random: Random,
    private readonly logger: Logger,
  ) {
    this.hub = random.uuid();
    if (url === undefined) return;
    this.publisher = this.connect(url);
    this.subscriber = this.connect(url);
    this.subscriber.on('message', (channel: string, message: string) => this.heard(channel, message));
    // Each time it is back: subscriptions made while it was away were lost.
    this.subscriber.on('ready', () => {
      for (const channel of this.listeners.keys()) this.listenTo(channel);
    });
  }

  publish(topic: string, text: string): void {
    if (this.publisher?.status !== 'ready') return;
    this.publisher.publish(this.channel(topic), `${this.hub} ${text}`).catch((error: Error) => this.warn(error));
  }

  subscribe(topic: string, listener: (text: string, hub: string) => void): void {
    const channel = this.channel(topic);
    this.listeners.set(channel, listener);
    if (this.subscriber?.status === 'ready') this.listenTo(channel);
  }

  close(): void {
    this.publisher?.disconnect();
    this.subscriber?.disconnect();
  }

  private connect(url: string): Redis {
    const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
    redis.on('error', (error: Error) => this.warn(error));
    return redis;
  }

  private listenTo(channel: string): void {
    this.subscriber?.subscribe(channel).catch((error: Error) => this.warn(error));
  }

  private heard(channel: string, message: string): void {
    const space = message.indexOf(' ');
    const hub = message.slice(0, space);
    if (hub !== this.hub) this.listeners.get(channel)?.(message.slice(space + 1), hub);
  }

  private channel(topic: string): string {
    return `rookery:${this.clusterId}:${topic}`;
  }

  private warn(error: Error): void {
    const now = this.clock.monotonic();
    if (now - this.warnedAt < WARN_EVERY_MS) return;
    this.warnedAt = now;
    this.logger.warn({ error: error.message }, 'Redis is away: this hub counts alone');
  }
}
