import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterSnapshot } from '#cluster/api';
import type { Clock } from '#stdx';
import { removeClusterFile, writeClusterFile } from './cluster-file.ts';
import type { ControlPlane } from './control-plane.ts';
import { HOST, type HubPlace, type Layout, type NodePlace, stateDirectoryOf } from './layout.ts';
import { MemberProcess } from './member-process.ts';
import type { SupervisorOptions } from './options.ts';
import type { SecretsFile } from './secrets.ts';
import type { Services } from './services.ts';

const READY_TIMEOUT_MS = 60_000;
const RESTART_DELAY_MS = 500;

const ownEntry = (app: string, file: string): string => fileURLToPath(new URL(`../${app}/${file}`, import.meta.url));

/**
 * The processes of one embedded cluster. It starts and stops them and keeps `cluster.json` true. It takes no part in
 * healing: a killed hub or node stays dead unless `restart` is asked for.
 */
export class Supervisor {
  readonly hubs: readonly MemberProcess[];
  readonly nodes: readonly MemberProcess[];
  private readonly api: MemberProcess;
  private readonly billing: MemberProcess;
  private stopping = false;
  private snapshot: ClusterSnapshot | undefined;
  private fileWanted = false;
  private fileStale = false;
  private writing: Promise<void> | undefined;
  private unwatch: (() => void) | undefined;

  constructor(
    private readonly layout: Layout,
    private readonly plane: ControlPlane,
    private readonly services: Services,
    private readonly secrets: SecretsFile,
    /** By name, of those that are to join. */
    private readonly joinTokens: ReadonlyMap<string, string>,
    private readonly clock: Clock,
    private readonly options: Pick<SupervisorOptions, 'restart' | 'program'>,
    /** Where invoices are collected, for API and billing. */
    payments: Readonly<Record<string, string>>,
  ) {
    this.api = this.member('api', ownEntry('api', 'main.js'), layout.apiStatusPort, {
      ROOKERY_API_PORT: String(layout.apiPort),
      ROOKERY_JOIN_PORT: String(layout.joinPort),
      ROOKERY_RENEWAL_PORT: String(layout.renewalPort),
      ROOKERY_SEAL_KEY: secrets.sealKey.toString('hex'),
      ...payments,
    });
    this.billing = this.member('billing', ownEntry('billing', 'main.js'), layout.billingStatusPort, {
      ...this.billingEnvironment(),
      ...payments,
    });
    this.nodes = layout.nodes.map((place) => this.node(place));
    this.hubs = layout.hubs.map((place) => this.hub(place));
  }

  /** Starts everything and resolves when all of it answers. */
  async start(): Promise<void> {
    const members = [...this.nodes, this.api, this.billing, ...this.hubs];
    for (const member of members) member.start();
    await Promise.all(members.map((member) => member.ready(READY_TIMEOUT_MS)));
    await this.volumesServed();
    this.unwatch = this.plane.state.watch(() => this.refreshFile());
  }

  /** Writes `cluster.json` now, and again on every change from here on. */
  async publish(): Promise<void> {
    this.fileWanted = true;
    await this.refreshFile();
  }

  /** Front door first, so that nobody new comes in; then who serves; then who counts. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.unwatch?.();
    await this.writing?.catch(() => {});
    await Promise.all(this.hubs.map((hub) => hub.stop()));
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all([this.api.stop(), this.billing.stop()]);
    removeClusterFile(this.layout);
  }

  private async volumesServed(): Promise<void> {
    const deadline = this.clock.monotonic() + READY_TIMEOUT_MS;
    for (;;) {
      const routes = await this.plane.state.routes();
      const waiting = routes.filter(({ state }) => state !== 'serving');
      if (routes.length > 0 && waiting.length === 0) return;
      if (this.clock.monotonic() > deadline)
        throw new Error(
          `No owner serves ${waiting.map(({ volumeId }) => volumeId).join(', ')}; see ${this.layout.directories.logs}.`,
        );
      await this.clock.sleep(50);
    }
  }

  private onExit(member: MemberProcess): void {
    if (this.stopping) return;
    void this.refreshFile();
    const restartable = this.hubs.includes(member) || this.nodes.includes(member);
    if (!this.options.restart || !restartable) return;
    this.clock.after(RESTART_DELAY_MS, () => {
      if (this.stopping) return;
      member.start();
      member.ready(READY_TIMEOUT_MS).then(
        () => this.refreshFile(),
        () => {},
      );
    });
  }

  /** One write at a time; a change during a write asks for one more. */
  private refreshFile(): Promise<void> {
    this.fileStale = true;
    this.writing ??= this.writeWhileStale().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  private async writeWhileStale(): Promise<void> {
    while (this.fileStale && this.fileWanted && !this.stopping) {
      this.fileStale = false;
      await this.writeFile();
    }
  }

  private async writeFile(): Promise<void> {
    // With PostgreSQL away the last known state stands; the processes are looked at directly.
    this.snapshot = await this.plane.state.snapshot().catch(() => this.snapshot);
    if (!this.snapshot) return;
    writeClusterFile({
      layout: this.layout,
      hubs: this.hubs,
      nodes: this.nodes,
      api: this.api,
      billing: this.billing,
      postgresUrl: this.services.postgresUrl,
      redisUrl: this.services.redisUrl,
      secrets: this.secrets.value,
      snapshot: this.snapshot,
    });
  }

  private entryOf(app: 'hub' | 'node', file: string): string {
    const { program } = this.options;
    return program === undefined ? ownEntry(app, file) : join(program, 'dist/apps', app, file);
  }

  private hub(place: HubPlace): MemberProcess {
    const { ports } = place;
    return this.member(place.name, this.entryOf('hub', 'main.js'), place.statusPort, {
      ...this.memberEnvironment('hub', place.name),
      ROOKERY_HUB_NAME: place.name,
      ROOKERY_SMTP_PORT: String(ports.smtp),
      ROOKERY_SUBMISSION_PORT: String(ports.submission),
      ROOKERY_SUBMISSIONS_PORT: String(ports.submissions),
      ROOKERY_IMAP_PORT: String(ports.imap),
      ROOKERY_IMAPS_PORT: String(ports.imaps),
      ROOKERY_POP3_PORT: String(ports.pop3),
      ROOKERY_POP3S_PORT: String(ports.pop3s),
      ROOKERY_MANAGESIEVE_PORT: String(ports.managesieve),
      ROOKERY_HTTP_PORT: String(ports.http),
      ROOKERY_HTTPS_PORT: String(ports.https),
      ROOKERY_RELAY_PORT: String(place.relayPort),
      ROOKERY_API_URL: `http://${HOST}:${this.layout.apiPort}`,
    });
  }

  private node(place: NodePlace): MemberProcess {
    const environment = {
      ...this.memberEnvironment('node', place.name),
      ROOKERY_NODE_NAME: place.name,
      ROOKERY_CONTROL_PORT: String(place.controlPort),
      ROOKERY_DATA_PORT: String(place.dataPort),
      ROOKERY_BACKUP_DIRECTORY: this.layout.directories.backups,
      // On one machine samples cost nothing, and nobody who tries it waits a quarter of an hour for its storage on a bill.
      ROOKERY_GAUGE_INTERVAL_MS: process.env['ROOKERY_GAUGE_INTERVAL_MS'] ?? '60000',
    };
    return this.member(place.name, this.entryOf('node', 'watchdog.js'), place.statusPort, environment, true);
  }

  /** Letters go through the first hub's submission port; on one machine, partners' programs may be on it as well. */
  private billingEnvironment(): Record<string, string> {
    const { billing } = this.secrets.value;
    const [hub] = this.layout.hubs;
    if (!billing || !hub) return {};
    const login = `${encodeURIComponent(billing.email)}:${encodeURIComponent(billing.password)}`;
    return {
      ROOKERY_BILLING_MAIL_URL: `smtp://${login}@${HOST}:${hub.ports.submission}`,
      // Its first certificate is signed by itself.
      ROOKERY_BILLING_MAIL_ANY_CERTIFICATE: '1',
      ROOKERY_WEBHOOKS_PRIVATE: '1',
    };
  }

  private memberEnvironment(role: 'hub' | 'node', name: string): Record<string, string> {
    const token = this.joinTokens.get(name);
    return {
      ROOKERY_STATE_DIR: stateDirectoryOf(this.layout, role, name),
      // Other ports than at the last start, perhaps.
      ROOKERY_RENEWAL: `${HOST}:${this.layout.renewalPort}`,
      ...(token === undefined ? {} : { ROOKERY_JOIN_TOKEN: token }),
    };
  }

  private member(
    name: string,
    entry: string,
    statusPort: number,
    environment: Record<string, string>,
    watchdog = false,
  ): MemberProcess {
    return new MemberProcess(
      {
        name,
        entry,
        statusPort,
        watchdog,
        logFile: join(this.layout.directories.logs, `${name}.log`),
        environment: {
          DATABASE_URL: this.services.postgresUrl,
          REDIS_URL: this.services.redisUrl,
          ROOKERY_HOST: HOST,
          ROOKERY_STATUS_PORT: String(statusPort),
          ...environment,
        },
      },
      this.clock,
      (member) => this.onExit(member),
    );
  }
}
