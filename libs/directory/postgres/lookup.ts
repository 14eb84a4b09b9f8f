import { type Database, isDatabaseUnavailable, NotificationListener } from '#database';
import {
  type AccountRoute,
  concludeResolution,
  type DirectoryLookup,
  DirectoryUnavailableError,
  effectiveState,
  type LoginRecord,
  type PartnerState,
  parseAddress,
  RESOLUTION_ADDRESSES_MAX,
  RESOLUTION_HOPS_MAX,
  type RecipientResolution,
  type ResolutionStep,
  type TokenRecord,
} from '#directory/api';
import type { Clock, Logger } from '#stdx';

interface RouteRow {
  readonly account_id: string;
  readonly email: string;
  readonly account_partner_id: string;
  readonly account_domain_id: string;
  readonly cluster_id: string;
  readonly volume_id: string;
  /** bigint, as text. */
  readonly quota_bytes: string;
  readonly account_state: AccountRoute['state'];
  readonly account_partner_state: PartnerState;
}

interface StepRow extends Partial<RouteRow> {
  readonly address: string;
  readonly key: string;
  readonly hop: number;
  readonly outcome: ResolutionStep['outcome'];
  readonly base: string | null;
  readonly target_keys: readonly string[];
  readonly partner_id: string | null;
  readonly partner_state: PartnerState | null;
}

const ROUTE_COLUMNS = `a.id AS account_id, a.email, a.partner_id AS account_partner_id, a.domain_id AS account_domain_id,
  home.cluster_id, a.volume_id, a.quota_bytes, a.state AS account_state, owner.state AS account_partner_state`;

/**
 * `$1` as written, `$2` looked up, `$3` whether catch-alls count. UNION drops what a level meets twice; LIMIT ends what grows.
 * The walk's length is guessed at its limit, for which whole tables would be read and hashed: a LATERAL of one row is asked by key.
 */
const WALK = `
  WITH RECURSIVE walk AS (
    SELECT $1::text COLLATE "C" AS address, $2::text COLLATE "C" AS key, 0 AS hop, s.*
    FROM directory_step($2, $3) s
    UNION
    SELECT t.address COLLATE "C", t.key COLLATE "C", walk.hop + 1, s.*
    FROM walk
    CROSS JOIN LATERAL unnest(walk.targets, walk.target_keys) AS t(address, key)
    CROSS JOIN LATERAL directory_step(t.key, $3) s
    WHERE walk.hop < ${RESOLUTION_HOPS_MAX}
  )
  SELECT w.address, w.key, w.hop, w.outcome, w.base, w.target_keys, place.*, route.*
  FROM (SELECT * FROM walk LIMIT ${RESOLUTION_ADDRESSES_MAX + 1}) w
  LEFT JOIN LATERAL (
    SELECT d.partner_id, p.state AS partner_state FROM domain d JOIN partner p ON p.id = d.partner_id
    WHERE d.id = w.domain_id LIMIT 1
  ) place ON true
  LEFT JOIN LATERAL (
    SELECT ${ROUTE_COLUMNS}
    FROM account a JOIN domain home ON home.id = a.domain_id JOIN partner owner ON owner.id = a.partner_id
    WHERE a.id = w.account_id LIMIT 1
  ) route ON true`;

const LOGIN = `
  SELECT ${ROUTE_COLUMNS}, a.verifier, a.scram_keys
  FROM account a JOIN domain home ON home.id = a.domain_id JOIN partner owner ON owner.id = a.partner_id
  WHERE a.email = $1`;

const TOKEN = `
  SELECT ${ROUTE_COLUMNS}, t.secret_hash, t.expires_at
  FROM account_token t JOIN account a ON a.id = t.account_id
  JOIN domain home ON home.id = a.domain_id JOIN partner owner ON owner.id = a.partner_id
  WHERE t.prefix = $1`;

/**
 * Asks PostgreSQL, one round trip a question, with plans prepared once a connection. Hubs cache in front of it and drop
 * what `watch` names; that is heard on a connection of its own, from `start` to `close`. After that connection was lost
 * and is back, `'*'` is announced.
 */
export class PostgresDirectoryLookup implements DirectoryLookup {
  private readonly watchers = new Set<(address: string) => void>();
  private readonly notifications: NotificationListener;

  constructor(
    private readonly database: Database,
    url: string,
    clock: Clock,
    logger: Logger,
  ) {
    const announce = (address: string): void => this.announce(address);
    this.notifications = new NotificationListener(
      url,
      ['directory_changed'],
      (_channel, payload) => announce(payload),
      () => announce('*'),
      clock,
      logger,
    );
  }

  /** Begins to listen; returns at once when PostgreSQL is away and goes on trying. */
  start(): Promise<void> {
    return this.notifications.start();
  }

  close(): Promise<void> {
    return this.notifications.close();
  }

  async resolveRecipient(address: string): Promise<RecipientResolution> {
    return concludeResolution(await this.walk(address, true));
  }

  async findLogin(username: string): Promise<LoginRecord | undefined> {
    const parsed = parseAddress(username);
    if (!parsed) return undefined;
    const [row] = await this.ask<RouteRow & { verifier: string; scram_keys: string | null }>('directory-login', LOGIN, [
      parsed.key,
    ]);
    return row && { route: routeOf(row), verifier: row.verifier, scramKeys: row.scram_keys };
  }

  async findToken(prefix: string): Promise<TokenRecord | undefined> {
    type Row = RouteRow & { secret_hash: Buffer; expires_at: Date };
    const [row] = await this.ask<Row>('directory-token', TOKEN, [prefix]);
    return row && { route: routeOf(row), hash: row.secret_hash, expiresAt: row.expires_at.getTime() };
  }

  async maySendAs(accountId: string, address: string): Promise<boolean> {
    const steps = await this.walk(address, false);
    return steps.some((step) => step.route?.accountId === accountId);
  }

  async keepScramKeys(accountId: string, verifier: string, scramKeys: string): Promise<void> {
    const text = 'UPDATE account SET scram_keys = $3 WHERE id = $1 AND verifier = $2 AND scram_keys IS NULL';
    await this.ask('directory-scram', text, [accountId, verifier, scramKeys]);
  }

  watch(listener: (address: string) => void): () => void {
    this.watchers.add(listener);
    return () => this.watchers.delete(listener);
  }

  /** What was heard on `directory_changed`, or `'*'` when something may have been missed. */
  announce(address: string): void {
    for (const listener of this.watchers) listener(address);
  }

  private async walk(address: string, useCatchAll: boolean): Promise<ResolutionStep[]> {
    const parsed = parseAddress(address);
    if (!parsed) return [];
    const rows = await this.ask<StepRow>('directory-walk', WALK, [parsed.address, parsed.key, useCatchAll]);
    const steps = new Map<string, ResolutionStep>();
    for (const row of rows.sort((a, b) => a.hop - b.hop)) {
      if (!steps.has(row.address)) steps.set(row.address, stepOf(row));
    }
    return [...steps.values()];
  }

  private async ask<Row extends object>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    try {
      return (await this.database.pool.query<Row>({ name, text, values })).rows;
    } catch (error) {
      if (isDatabaseUnavailable(error))
        throw new DirectoryUnavailableError('PostgreSQL cannot be asked', { cause: error });
      throw error;
    }
  }
}

function stepOf(row: StepRow): ResolutionStep {
  return {
    address: row.address,
    key: row.key,
    hop: row.hop,
    outcome: row.outcome,
    next: row.target_keys,
    ...(row.base === null ? {} : { base: row.base }),
    ...(row.partner_id === null ? {} : { partnerId: row.partner_id }),
    ...(row.partner_state === null ? {} : { partnerState: row.partner_state }),
    ...(row.account_id ? { route: routeOf(row as StepRow & RouteRow) } : {}),
  };
}

function routeOf(row: RouteRow): AccountRoute {
  return {
    accountId: row.account_id,
    email: row.email,
    partnerId: row.account_partner_id,
    domainId: row.account_domain_id,
    clusterId: row.cluster_id,
    volumeId: row.volume_id,
    quotaBytes: Number(row.quota_bytes),
    state: effectiveState(row.account_state, row.account_partner_state),
  };
}
