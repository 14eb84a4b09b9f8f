import type { ClusterState } from '#cluster/api';
import type { Logger } from '#stdx';
import type { AlertBook, WatchedCluster } from './alert-book.ts';
import type { AlertChannels, ClaimedChannel, Due } from './alert-channels.ts';
import { type CertificateEnd, certificateConditions } from './certificates.ts';
import { conditionsOf, NEWS_EVENTS, newsOf } from './conditions.ts';
import type { Condition } from './model.ts';

/** How a message leaves the house. */
export interface AlertCarriers {
  /** Rejects when it was not taken. */
  mail(message: {
    readonly to: string;
    readonly subject: string;
    readonly text: string;
    readonly name: string;
  }): Promise<void>;
  /** `failure` says why it was not taken. */
  call(message: {
    readonly url: string;
    readonly secret: Buffer;
    readonly id: string;
    readonly body: string;
  }): Promise<{ readonly status: number | null; readonly failure: string | null }>;
}

/** Latest events looked at for news each round; a cluster makes fewer between two. */
const EVENTS_LOOKED_AT = 500;
/** What is older is history. */
const NEWS_MS = 86_400_000;

/** Looks at a cluster, writes down what is wrong, and tells who wants to know. */
export class AlertRound {
  constructor(
    private readonly book: AlertBook,
    private readonly channels: AlertChannels,
    private readonly carriers: AlertCarriers,
    /** Certificates inside the cluster. */
    private readonly certificates: (clusterId: string) => Promise<readonly CertificateEnd[]>,
    private readonly logger: Logger,
  ) {}

  /** `more`: what others found that concerns the cluster's operators. */
  async run(
    cluster: WatchedCluster,
    state: Pick<ClusterState, 'snapshot' | 'events'>,
    more: readonly Condition[] = [],
  ): Promise<void> {
    const [snapshot, events] = [await state.snapshot(), await state.events({ limit: EVENTS_LOOKED_AT })];
    const names = new Map([...snapshot.hubs, ...snapshot.nodes, ...snapshot.volumes].map(({ id, name }) => [id, name]));
    const news = newsOf(
      events.filter(({ kind, at }) => NEWS_EVENTS.includes(kind) && snapshot.at.getTime() - at.getTime() < NEWS_MS),
      names,
    );
    const ends = certificateConditions(await this.certificates(cluster.id), snapshot.at);
    await this.book.observe(cluster, [...conditionsOf(snapshot), ...ends, ...more], news);
    for (const channel of await this.channels.claim(cluster.id)) await this.tell(cluster, channel);
  }

  /** All that is due in one message. */
  private async tell(cluster: WatchedCluster, channel: ClaimedChannel): Promise<void> {
    let due: readonly Due[] = [];
    let failure: string | null = null;
    try {
      due = await this.channels.due(channel);
      if (due.length > 0) await this.send(cluster, channel, due);
    } catch (error) {
      failure = (error as Error).message;
      this.logger.warn(
        { cluster: cluster.name, channel: channel.target, error: failure },
        'an alert was not delivered',
      );
    }
    await this.channels.done(channel, due, failure);
  }

  private async send(cluster: WatchedCluster, channel: ClaimedChannel, due: readonly Due[]): Promise<void> {
    const [first] = due as [Due];
    const id = `alert-${first.alert.id}-${first.what}-${due.length}`;
    if (channel.kind === 'mail')
      return this.carriers.mail({ to: channel.target, name: id, subject: subjectOf(cluster, due), text: textOf(due) });
    const alerts = due.map(({ alert, what }) => ({ ...alert, what }));
    const body = JSON.stringify({ type: 'cluster.alerts', cluster: cluster.name, alerts });
    const { status, failure } = await this.carriers.call({ url: channel.target, secret: channel.secret, id, body });
    if (failure !== null) throw new Error(failure);
    if (status === null || status < 200 || status > 299) throw new Error(`the webhook answered ${status}`);
  }
}

const WORDS: Readonly<Record<Due['what'], string>> = {
  raised: 'ALERT',
  standing: 'STILL',
  resolved: 'over',
  news: 'news',
};

function subjectOf({ name }: WatchedCluster, due: readonly Due[]): string {
  const order = ['raised', 'standing', 'resolved', 'news'] as const;
  const worst = order.find((what) => due.some((each) => each.what === what)) ?? 'news';
  const chosen = due.filter(({ what }) => what === worst);
  const [{ alert }] = chosen as [Due];
  const more = due.length > 1 ? ` and ${due.length - 1} more` : '';
  return `[${name}] ${WORDS[worst]}: ${alert.detail.replace(/[.].*$/s, '')}${more}`;
}

const textOf = (due: readonly Due[]): string =>
  due
    .map(({ alert, what }) => {
      const end = alert.resolvedAt && what === 'resolved' ? `, until ${alert.resolvedAt.toISOString()}` : '';
      return `${WORDS[what]}: ${alert.detail}\n  ${what === 'news' ? 'at' : 'since'} ${alert.since.toISOString()}${end}\n`;
    })
    .join('\n');
