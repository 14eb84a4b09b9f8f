import { mkdirSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex, pipeline, Transform } from 'node:stream';
import type { Server } from 'node:tls';
import { legConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { createVolume, openVolume } from '#mailstore/volume';
import { decodePreface, encodePrefaceReply, type Preface, type PrefaceReply } from '#protocol/handover';
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
  /** While true nothing is answered at all. */
  mute = false;
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
      if (end < 0 || this.mute) return;
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
    if (preface.kind === 'lmtp') return { ok: true };
    if (preface.kind !== 'imap' && preface.kind !== 'pop3' && preface.kind !== 'managesieve')
      return { ok: false, code: 'UNAVAILABLE', text: preface.kind };
    if (this.stores.get(preface.volumeId)?.epoch === preface.epoch) return { ok: true };
    return { ok: false, code: 'STALE', text: preface.volumeId };
  }

  /** The socket, unless we are deaf. */
  private hearing(socket: Socket): Duplex {
    const heard = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        if (this.deaf) done();
        else done(null, chunk);
      },
    });
    pipeline(socket, heard, () => {});
    return Duplex.from({ readable: heard, writable: socket });
  }

  private serve(socket: Socket, preface: Preface, first: Buffer): void {
    const shared = { clock: systemClock, logger: silentLogger };
    if (preface.kind === 'lmtp') {
      if (first.length > 0) socket.unshift(first);
      const sieve = { hostname: 'node', random: seededRandom(5), version: '1' };
      const backend = new NodeDelivery({ volumes: (id) => this.stores.get(id), sieve, ...shared });
      serveLmtp(socket, { backend, hostname: 'node', peer: { sessionId: 'l', address: '', port: 0 }, ...shared });
      socket.resume();
    } else if (preface.kind === 'imap' || preface.kind === 'pop3' || preface.kind === 'managesieve') {
      const { accountId, email, partnerId, quotaBytes, mark, tag = '' } = preface;
      const spec = {
        store: this.stores.get(preface.volumeId)!,
        context: systemContext(preface.kind),
        account: { accountId, email, partnerId, quotaBytes },
        connection: legConnection(this.hearing(socket), first),
        ...shared,
      };
      if (preface.kind === 'pop3') {
        const resumed = mark === undefined ? undefined : Buffer.from(mark, 'base64url');
        void new Pop3Session({ ...spec, locks: this.locks, mark: resumed }).run();
      } else if (preface.kind === 'managesieve')
        void new ManageSieveSession({ ...spec, greeting: mark === undefined ? 'signedIn' : 'resumed' }).run();
      else {
        const greeting = mark === undefined ? { tag } : { mark: Buffer.from(mark, 'base64url') };
        void new ImapSession({ ...spec, greeting }).run();
      }
    }
  }
}
