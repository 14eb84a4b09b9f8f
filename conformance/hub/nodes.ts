import { mkdirSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Server } from 'node:tls';
import { Carrier, CarrierTally, type Channel, DEFAULT_CARRIER_SETTINGS } from '#carrier';
import { channelConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { createVolume, openVolume } from '#mailstore/volume';
import {
  decodeOpening,
  decodePreface,
  encodePrefaceReply,
  type Preface,
  type PrefaceReply,
  type SessionOpening,
} from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { ImapSession } from '#server/imap';
import { ManageSieveSession } from '#server/managesieve';
import { MaildropLocks, Pop3Session } from '#server/pop3';
import { NodeDelivery, serveLmtp } from '#server/smtp';
import { seededRandom, silentLogger, systemClock, systemContext } from '#stdx';
import { type MemberTrust, socketsOf } from '#trust';

export const CLUSTER_KEY = Buffer.alloc(32, 7);

/** The mail-serving half of a node in this process: real sockets, real sessions, real volumes; who owns what, the test decides. */
export class TestNode {
  readonly stores = new Map<string, MailStore>();
  /** Prefaces seen, newest last. */
  readonly prefaces: Preface[] = [];
  /** Sessions handed over, newest last. */
  readonly openings: SessionOpening[] = [];
  /** While true, nothing said on a leg is heard: as a process that hangs looks. */
  deaf = false;
  private readonly locks = new MaildropLocks(systemClock);
  /** Beneath TLS: what a killed process's kernel resets. */
  private sockets: ReadonlySet<Socket> = new Set();
  private server: Server | undefined;
  private port = 0;

  private constructor(
    private readonly root: string,
    private readonly clusterId: string,
    private readonly trust: MemberTrust,
  ) {}

  static async start(root: string, clusterId: string, trust: MemberTrust): Promise<TestNode> {
    const node = new TestNode(root, clusterId, trust);
    await node.listen(0);
    return node;
  }

  get endpoint() {
    return { host: '127.0.0.1', port: this.port };
  }

  async open(volumeId: string, epoch: number): Promise<MailStore> {
    const path = join(this.root, volumeId);
    mkdirSync(path, { recursive: true });
    await createVolume(path, { volumeId, clusterId: this.clusterId });
    const store = await openVolume({
      path,
      volumeId,
      clusterId: this.clusterId,
      epoch,
      clock: systemClock,
      logger: silentLogger,
      parse: () => messageParser(),
    });
    this.stores.set(volumeId, store);
    return store;
  }

  /** As `kill -9` looks from outside: connections are cut and nobody listens. Its volumes can be opened elsewhere afterwards. */
  async kill(): Promise<void> {
    this.deaf = false;
    this.server?.close();
    this.server = undefined;
    for (const socket of this.sockets) socket.resetAndDestroy();
    for (const store of this.stores.values()) await store.close();
    this.stores.clear();
  }

  async revive(): Promise<void> {
    await this.listen(this.port);
  }

  private async listen(port: number): Promise<void> {
    const server = this.trust.createServer(['hub'], (socket) => this.accept(socket));
    this.sockets = socketsOf(server);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  private accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    let received = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf('\n');
      if (end < 0) return;
      socket.off('data', onData).pause();
      const preface = decodePreface(received.toString('latin1', 0, end).trimEnd(), CLUSTER_KEY, Date.now());
      const reply = this.admit(preface);
      socket.write(encodePrefaceReply(reply));
      if (!reply.ok || typeof preface === 'string') socket.end();
      else this.serve(socket, preface, received.subarray(end + 1));
    };
    socket.on('data', onData);
  }

  private admit(preface: Preface | string): PrefaceReply {
    if (typeof preface === 'string') return { ok: false, code: 'DENIED', text: preface };
    this.prefaces.push(preface);
    if (preface.kind === 'lmtp' || preface.kind === 'carrier') return { ok: true };
    return { ok: false, code: 'UNAVAILABLE', text: preface.kind };
  }

  private serve(socket: Socket, preface: Preface, first: Buffer): void {
    if (preface.kind === 'carrier') this.serveCarrier(socket, first);
    else this.serveLmtp(socket, first);
  }

  private serveLmtp(socket: Socket, first: Buffer): void {
    const shared = { clock: systemClock, logger: silentLogger };
    if (first.length > 0) socket.unshift(first);
    const sieve = { hostname: 'node', random: seededRandom(5), version: '1' };
    const backend = new NodeDelivery({ volumes: (id) => this.stores.get(id), sieve, ...shared });
    serveLmtp(socket, { backend, hostname: 'node', peer: { sessionId: 'l', address: '', port: 0 }, ...shared });
    socket.resume();
  }

  private serveCarrier(socket: Socket, first: Buffer): void {
    const accept = (channel: Channel, payload: Buffer): void => {
      const opening = decodeOpening(payload);
      this.openings.push(opening);
      const { volumeId, epoch } = opening;
      const isHere = this.stores.get(volumeId)?.epoch === epoch;
      carrier.answer(channel, isHere ? { ok: true } : { ok: false, code: 'STALE', text: volumeId });
      if (isHere) this.serveSession(this.hearing(channel), opening);
    };
    const carrier = new Carrier({
      ...{ socket, first, accept, clock: systemClock },
      settings: DEFAULT_CARRIER_SETTINGS,
      tally: new CarrierTally(),
    });
  }

  /** The channel, on which what is said is not heard while we are deaf. */
  private hearing(channel: Channel): Channel {
    const attach = channel.attach.bind(channel);
    channel.attach = (user) =>
      attach({
        channelData: (bytes) => {
          if (!this.deaf) user.channelData(bytes);
        },
        channelDrained: () => user.channelDrained(),
        channelEnded: () => user.channelEnded(),
        channelLost: () => user.channelLost(),
      });
    return channel;
  }

  private serveSession(channel: Channel, opening: SessionOpening): void {
    const { kind, accountId, email, partnerId, quotaBytes, tag = '' } = opening;
    const mark = opening.mark === undefined ? undefined : Buffer.from(opening.mark, 'base64url');
    const spec = {
      store: this.stores.get(opening.volumeId)!,
      context: systemContext(kind),
      account: { accountId, email, partnerId, quotaBytes },
      connection: channelConnection(channel),
      ...{ clock: systemClock, logger: silentLogger },
    };
    if (kind === 'pop3') void new Pop3Session({ ...spec, locks: this.locks, mark }).run();
    else if (kind === 'managesieve')
      void new ManageSieveSession({ ...spec, greeting: mark === undefined ? 'signedIn' : 'resumed' }).run();
    else void new ImapSession({ ...spec, greeting: mark === undefined ? { tag } : { mark } }).run();
  }
}
