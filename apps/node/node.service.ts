import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { CarrierSettings } from '#carrier';
import { NodeAgent } from '#cluster/agent';
import { ControlServer } from '#cluster/control';
import type { MailStore } from '#mailstore/api';
import { OutboundTransport, QueueRunner, type RelayHost } from '#queue';
import { NodeDelivery } from '#server/smtp';
import { type Clock, type Logger, type Random, RELEASE } from '#stdx';
import { StatusServer } from '#telemetry';
import { ColdStorages } from './cold-storages.ts';
import { AccountSteps } from './data/account-steps.ts';
import { BackupDesk } from './data/backup-desk.ts';
import { CarrierLegs } from './data/carrier-leg.ts';
import { DataServer } from './data/data-server.ts';
import { imapLegSession } from './data/imap-leg.ts';
import { LmtpLegs } from './data/lmtp-leg.ts';
import { manageSieveLegSession } from './data/managesieve-leg.ts';
import { pop3LegSession } from './data/pop3-leg.ts';
import { rpcLeg } from './data/rpc-leg.ts';
import { sessionLeg } from './data/session-leg.ts';
import { SessionRegistry } from './data/session-registry.ts';
import { TierDesk } from './data/tier-desk.ts';
import { transferLeg } from './data/transfer-leg.ts';
import { Heartbeat } from './heartbeat.ts';
import { nodeMetrics } from './metrics.ts';
import type { NodePlace } from './place.ts';
import { ClusterDestinations } from './queue/destinations.ts';
import { DnsResolver } from './queue/dns-resolver.ts';
import { HubRelay } from './queue/hub-relay.ts';
import type { NodeSettings } from './settings.ts';
import { BullMqCarrier } from './usage/bullmq-carrier.ts';
import { UsageDispatch } from './usage/usage-dispatch.ts';
import { VolumeDesk, type VolumeWorker } from './volume-desk.ts';
import { LocalVolumeHost, type NodeVolume } from './volume-host.ts';

const CONNECT_TIMEOUT_MS = 30_000;
/** How long hubs get, at a clean stop, to take their messages elsewhere. */
const DRAIN_MS = 1_000;

/** One node process: control and data ports, the volumes it is given, and all that works on them. */
export class NodeService {
  private readonly sessions = new SessionRegistry();
  private readonly agent: NodeAgent<NodeVolume>;
  private readonly control: ControlServer;
  private readonly data: DataServer;
  private readonly lmtp: LmtpLegs;
  private readonly relay: HubRelay;
  private readonly transport: OutboundTransport;
  private readonly carrier: BullMqCarrier;
  private readonly usage: UsageDispatch;
  private readonly heartbeat: Heartbeat;
  private readonly status: StatusServer;
  private readonly hostname: string;

  constructor(
    private readonly settings: NodeSettings,
    private readonly place: NodePlace,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly logger: Logger,
  ) {
    const { key, trust, name } = place;
    this.hostname = settings.ROOKERY_MAIL_HOSTNAME ?? name;
    const desk = new VolumeDesk(
      this.sessions,
      (store) => this.startQueue(store),
      settings.ROOKERY_ENDING_MS,
      () => this.control.announce(),
      clock,
      logger,
    );
    const { ROOKERY_COLD_ACCESS_KEY_ID: accessKeyId, ROOKERY_COLD_SECRET_ACCESS_KEY: secretAccessKey } = settings;
    const coldStorages = new ColdStorages(
      {
        credentialsFile: settings.ROOKERY_COLD_CREDENTIALS_FILE,
        credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
        readTimeoutMs: settings.ROOKERY_COLD_READ_TIMEOUT_MS,
        writeTimeoutMs: settings.ROOKERY_COLD_WRITE_TIMEOUT_MS,
      },
      clock,
      random,
    );
    const host = new LocalVolumeHost(
      {
        clusterId: place.clusterId,
        fenceAllow: settings.ROOKERY_FENCE_ALLOW,
        mountAllow: settings.ROOKERY_MOUNT_ALLOW,
        mountTimeoutMs: settings.ROOKERY_MOUNT_TIMEOUT_MS,
        storageLookMs: settings.ROOKERY_STORAGE_LOOK_MS,
      },
      coldStorages,
      clock,
      logger,
      () => this.control.announce(),
    );
    const agentSettings = { instance: random.uuid(), release: RELEASE, ownerLeaseMs: settings.ROOKERY_OWNER_LEASE_MS };
    this.agent = new NodeAgent(agentSettings, host, desk, clock, logger);
    desk.attach(this.agent);
    this.control = new ControlServer(trust, this.agent, clock, logger, {
      onRefused: (serials) => place.rememberRefused(serials),
    });
    this.relay = new HubRelay({
      hubs: () => this.control.hubs(),
      nodeName: name,
      trust,
      key,
      clock,
      random,
    });
    this.transport = this.createTransport();
    const receipts = { hostname: this.hostname, random };
    const sieve = { hostname: this.hostname, random, version: RELEASE.version };
    const delivery = new NodeDelivery({ volumes: desk.current, clock, logger, receipts, sieve });
    const findForRpc = (volumeId: string, epoch: number): MailStore | undefined => {
      const store = desk.find(volumeId, epoch);
      return typeof store === 'string' ? undefined : store;
    };
    this.lmtp = new LmtpLegs(delivery, this.hostname, clock, logger);
    const backups = new BackupDesk(settings.ROOKERY_BACKUP_DIRECTORY, logger);
    const sessionServers = {
      imap: sessionLeg(desk.find, this.sessions, imapLegSession(clock, logger)),
      pop3: sessionLeg(desk.find, this.sessions, pop3LegSession(clock, logger)),
      managesieve: sessionLeg(desk.find, this.sessions, manageSieveLegSession(clock, logger)),
    };
    const carriers = new CarrierLegs(sessionServers, carrierSettingsOf(settings), clock, logger);
    const legs = {
      lmtp: this.lmtp,
      carrier: carriers,
      rpc: rpcLeg(
        findForRpc,
        new AccountSteps(this.sessions),
        backups,
        new TierDesk(coldStorages, logger),
        clock,
        logger,
      ),
      transfer: transferLeg(desk.find, logger),
    };
    this.data = new DataServer(legs, trust, key, clock, logger);
    this.carrier = new BullMqCarrier(place.redisUrl, logger);
    this.usage = new UsageDispatch(() => desk.stores(), this.carrier, clock, logger, {
      intervalMs: settings.ROOKERY_USAGE_INTERVAL_MS,
      gaugeIntervalMs: settings.ROOKERY_GAUGE_INTERVAL_MS,
    });
    this.heartbeat = new Heartbeat(() => this.agent.leasesHold(), settings.ROOKERY_OWNER_LEASE_MS, clock);
    this.status = new StatusServer(() => ({ ready: true }));
    nodeMetrics(this.status.registry, desk, this.sessions, carriers);
  }

  async start(): Promise<void> {
    const { ROOKERY_HOST: host, ROOKERY_CONTROL_PORT, ROOKERY_DATA_PORT, ROOKERY_STATUS_PORT } = this.settings;
    this.heartbeat.start();
    this.place.certificateRenewal.start();
    await this.data.listen(host, ROOKERY_DATA_PORT);
    await this.control.listen(host, ROOKERY_CONTROL_PORT);
    this.usage.start();
    await this.status.listen(host, ROOKERY_STATUS_PORT);
    this.logger.info({ ...RELEASE, pid: process.pid }, 'node up');
  }

  /** Volumes are let go in order, so that whoever takes them finds the locks free. */
  async stop(): Promise<void> {
    this.place.certificateRenewal.stop();
    this.usage.stop();
    this.data.stopAccepting();
    await this.agent.stop('the node stops');
    await this.lmtp.drain(DRAIN_MS);
    await this.control.close();
    this.data.destroy();
    this.transport.close();
    this.relay.close();
    await Promise.all([this.carrier.close(), this.status.close()]);
    this.heartbeat.stop();
  }

  private startQueue(store: MailStore): VolumeWorker {
    const { clock, random } = this;
    const runner = new QueueRunner({
      store,
      destinations: new ClusterDestinations(this.relay, relayHostOf(this.settings), clock),
      transport: this.transport,
      hostname: this.hostname,
      clock,
      random,
      logger: this.logger.child({ part: 'queue', volumeId: store.volumeId }),
    });
    runner.start();
    return runner;
  }

  private createTransport(): OutboundTransport {
    const { clock, random, logger, hostname, relay } = this;
    return new OutboundTransport({
      hostname,
      resolver: new DnsResolver(this.settings.ROOKERY_DNS_SERVERS),
      clock,
      random,
      logger,
      connect: (host, port) => connectTo(host, port),
      startTls,
      cluster: (message) => relay.send(message),
    });
  }
}

const carrierSettingsOf = (settings: NodeSettings): CarrierSettings => ({
  windowBytes: settings.ROOKERY_CHANNEL_WINDOW_BYTES,
  channelsMax: settings.ROOKERY_CARRIER_CHANNELS_MAX,
  pingMs: settings.ROOKERY_CARRIER_PING_MS,
  silenceMsMax: settings.ROOKERY_CARRIER_SILENCE_MS,
});

function relayHostOf({ ROOKERY_RELAY_HOST: setting }: NodeSettings): RelayHost | undefined {
  if (setting === undefined) return undefined;
  const [host = '', port] = setting.split(':');
  return { host, port: Number(port), tls: 'whenOffered' };
}

async function connectTo(host: string, port: number): Promise<Duplex> {
  const socket = connectTcp({ host, port, noDelay: true });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('timed out')));
  await once(socket, 'connect');
  socket.setTimeout(0);
  return socket;
}

async function startTls(socket: Duplex, host: string, verify: boolean): Promise<Duplex> {
  // Opportunistic TLS keeps listeners out; who must be verified is said by policy (RFC 7435).
  const secure = connectTls({ socket, servername: host, rejectUnauthorized: verify });
  await once(secure, 'secureConnect');
  return secure;
}
