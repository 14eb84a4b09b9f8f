import type { Endpoint } from '#cluster/api';
import {
  alertOnExpiry,
  type Issuing,
  JoinRefusedError,
  joinMember,
  openClusters,
  renewMember,
} from '#cluster/postgres';
import { type Database, NotificationListener } from '#database';
import type { Timer } from '#stdx';
import {
  CertificateRequestError,
  ControlDoor,
  JOIN_PATH,
  type JoinAnswer,
  joinRequestSchema,
  type Knock,
  KnockRefusedError,
  RENEW_PATH,
  type RenewAnswer,
  renewRequestSchema,
} from '#trust';
import type { Ground } from '../ground.ts';
import type { ClusterTrusts } from './cluster-trusts.ts';

export interface MemberDoorSettings {
  readonly databaseUrl: string;
  /** Where the doors listen, and where members reach them. */
  readonly host: string;
  readonly advertisedHost: string;
  readonly joinPort: number;
  readonly renewalPort: number;
  readonly certificateMs: number;
  readonly services: JoinAnswer['services'];
}

/** A sixth of its life: half of what is left when renewal begins. */
const ALERT_LEFT = 1 / 6;
const ALERT_LOOK_MS = 600_000;

/**
 * The two doors of the control plane. Newcomers come in by the join door, which listens only while an operator's token is
 * open, and shows certificates only of clusters that have one. Members renew at the other, which nobody else gets through.
 */
export class MemberDoors {
  private readonly join: ControlDoor;
  private readonly renewal: ControlDoor;
  private readonly tokens: NotificationListener;
  private open: ReadonlySet<string> = new Set();
  private joinPort = 0;
  private renewalPort = 0;
  private closing: Timer | undefined;
  private alerts: Timer | undefined;
  private refreshing: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(
    private readonly database: Database,
    private readonly trusts: ClusterTrusts,
    private readonly ground: Ground,
    private readonly settings: MemberDoorSettings,
  ) {
    const { clock, logger } = ground;
    const contextOf = async (clusterId: string) => (await trusts.of(clusterId)).context;
    this.join = new ControlDoor(
      async (clusterId) => (this.open.has(clusterId) ? contextOf(clusterId) : undefined),
      (knock) => this.answerJoin(knock),
      { membersOnly: false },
      logger,
    );
    this.renewal = new ControlDoor(contextOf, (knock) => this.answerRenewal(knock), { membersOnly: true }, logger);
    const look = (): void => void this.refresh();
    this.tokens = new NotificationListener(settings.databaseUrl, ['join_tokens_changed'], look, look, clock, logger);
  }

  async start(): Promise<void> {
    const { clock, logger } = this.ground;
    this.renewalPort = await this.renewal.open(this.settings.host, this.settings.renewalPort);
    void this.tokens.start();
    const alert = (): void =>
      void alertOnExpiry(this.database, this.settings.certificateMs * ALERT_LEFT).catch((error: Error) =>
        logger.debug({ error: error.message }, 'certificates could not be looked at'),
      );
    this.alerts = clock.every(ALERT_LOOK_MS, alert);
    alert();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.closing?.cancel();
    this.alerts?.cancel();
    await this.refreshing;
    await Promise.all([this.tokens.close(), this.join.close(), this.renewal.close()]);
  }

  /** Opens or closes the join door as the tokens say. */
  refresh(): Promise<void> {
    this.refreshing = this.refreshing.then(() => this.look());
    return this.refreshing;
  }

  /** Where newcomers knock; `undefined` while no token is open. */
  get joinEndpoint(): Endpoint | undefined {
    return this.join.isOpen ? { host: this.settings.advertisedHost, port: this.joinPort } : undefined;
  }

  private async look(): Promise<void> {
    if (this.closed) return;
    const { clock, logger } = this.ground;
    try {
      const clusters = await openClusters(this.database);
      this.open = new Set(clusters.map(({ clusterId }) => clusterId));
      this.closing?.cancel();
      if (clusters.length === 0) return await this.closeJoin();
      const soonestMs = Math.min(...clusters.map(({ remainingMs }) => remainingMs));
      this.closing = clock.after(soonestMs + 1, () => void this.refresh());
      if (this.join.isOpen) return;
      this.joinPort = await this.join.open(this.settings.host, this.settings.joinPort);
      logger.info({ port: this.joinPort }, 'the join door is open');
    } catch (error) {
      logger.error({ error: (error as Error).message }, 'the join door could not be looked after');
    }
  }

  private async closeJoin(): Promise<void> {
    if (!this.join.isOpen) return;
    await this.join.close();
    this.ground.logger.info({}, 'the join door is closed');
  }

  private async answerJoin({ clusterId, path, body }: Knock): Promise<JoinAnswer> {
    if (path !== JOIN_PATH) throw new KnockRefusedError('nothing is here');
    const joining = parsed(joinRequestSchema, body);
    const issuing = await this.issuing(clusterId);
    const joined = await refusing(() => joinMember(this.database, clusterId, joining, issuing));
    const { databaseUrl, apiUrl, redisUrl } = this.settings.services;
    const { advertisedHost: host } = this.settings;
    return {
      memberId: joined.memberId,
      name: joined.name,
      certificate: joined.certificate,
      signingKey: joined.key.toString('hex'),
      renewal: { host, port: this.renewalPort },
      // A node has no business in the database.
      services: {
        ...(databaseUrl !== undefined && joining.role === 'hub' ? { databaseUrl } : {}),
        ...(apiUrl !== undefined && joining.role === 'hub' ? { apiUrl } : {}),
        ...(redisUrl !== undefined ? { redisUrl } : {}),
      },
    };
  }

  private async answerRenewal({ clusterId, path, body, peer }: Knock): Promise<RenewAnswer> {
    if (path !== RENEW_PATH) throw new KnockRefusedError('nothing is here');
    if (!peer || peer.clusterId !== clusterId) throw new KnockRefusedError('no member of the cluster');
    const { request } = parsed(renewRequestSchema, body);
    const issuing = await this.issuing(clusterId);
    return { certificate: await refusing(() => renewMember(this.database, peer, request, issuing)) };
  }

  private async issuing(clusterId: string): Promise<Issuing> {
    const { clock, random } = this.ground;
    const { authority } = await this.trusts.of(clusterId);
    return { authority, lifeMs: this.settings.certificateMs, clock, random };
  }
}

type Schema<T> = {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false };
};

function parsed<T>(schema: Schema<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new KnockRefusedError('not what this door is asked for');
}

/** What the newcomer may be told; everything else is a fault of ours. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof JoinRefusedError || error instanceof CertificateRequestError)
      throw new KnockRefusedError(error.message, { cause: error });
    throw error;
  }
}
