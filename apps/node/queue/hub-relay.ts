import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { ConnectedHub } from '#cluster/api';
import { decodePrefaceReply, encodePreface } from '#protocol/handover';
import type { SmtpReply } from '#protocol/smtp';
import {
  INNER_TIMEOUTS,
  LmtpPool,
  openConnection,
  type RelayConnection,
  RelayError,
  type RelayMessage,
  type RelayOutcome,
} from '#relay';
import { type Clock, type Random } from '#stdx';
import type { MemberTrust } from '#trust';

const CONNECT_TIMEOUT_MS = 3_000;
/** A queue's traffic between volumes is a trickle beside what hubs send to nodes. */
const CONNECTIONS_MAX = 8;

export interface HubRelayOptions {
  /** Hubs connected now. */
  readonly hubs: () => readonly ConnectedHub[];
  readonly nodeName: string;
  readonly trust: MemberTrust;
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
}

/** A node's way to accounts on other volumes: any hub's relay port, which knows where they live. */
export class HubRelay {
  private readonly pools = new Map<string, LmtpPool>();
  private readonly askers = new Map<string, Promise<RelayConnection>>();
  private asking: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: HubRelayOptions) {}

  /** Throws `RelayError` when no hub could be talked to. */
  async send(message: RelayMessage): Promise<RelayOutcome> {
    return this.overHubs(async (hub) => this.poolOf(hub).send(message));
  }

  /** What a hub says to a RCPT for the address: 250, 550 5.7.1 when it is not of this cluster, or why not. Throws `RelayError`. */
  async ask(address: string): Promise<SmtpReply> {
    // One question at a time on a connection.
    const answer = this.asking.then(() => this.overHubs((hub) => this.askHub(hub, address)));
    this.asking = answer.catch(() => {});
    return answer;
  }

  close(): void {
    for (const pool of this.pools.values()) pool.close();
    for (const asker of this.askers.values())
      void asker.then(
        (connection) => connection.quit(),
        () => {},
      );
  }

  /** The next hub is tried while the last one cannot have taken anything. */
  private async overHubs<T>(use: (hub: ConnectedHub) => Promise<T>): Promise<T> {
    let failure = new RelayError('connect', false, 'no hub is connected');
    for (const hub of this.options.hubs()) {
      try {
        return await use(hub);
      } catch (error) {
        if (!(error instanceof RelayError)) throw error;
        if (error.mayHaveBeenAccepted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  private async askHub(hub: ConnectedHub, address: string): Promise<SmtpReply> {
    const known = this.askers.get(hub.hubId) ?? this.openAsker(hub);
    this.askers.set(hub.hubId, known);
    try {
      const connection = await known;
      await connection.command('mail', 'MAIL FROM:<>', INNER_TIMEOUTS.commandMs);
      const reply = await connection.command('mail', `RCPT TO:<${address}>`, INNER_TIMEOUTS.commandMs);
      await connection.command('mail', 'RSET', INNER_TIMEOUTS.commandMs);
      return reply;
    } catch (error) {
      this.askers.delete(hub.hubId);
      throw error;
    }
  }

  private async openAsker(hub: ConnectedHub): Promise<RelayConnection> {
    const { clock, nodeName } = this.options;
    const connection = await openConnection(await this.connect(hub), {
      protocol: 'lmtp',
      clientName: nodeName,
      chunking: false,
      clock,
      timeouts: INNER_TIMEOUTS,
    });
    connection.onLost = () => this.askers.delete(hub.hubId);
    return connection;
  }

  private poolOf(hub: ConnectedHub): LmtpPool {
    const known = this.pools.get(hub.hubId);
    if (known) return known;
    const { clock, nodeName } = this.options;
    const pool = new LmtpPool({
      connect: () => this.connect(hub),
      clientName: nodeName,
      clock,
      connectionsMax: CONNECTIONS_MAX,
    });
    this.pools.set(hub.hubId, pool);
    return pool;
  }

  private async connect({ hubId, relay: { host, port } }: ConnectedHub): Promise<Socket> {
    const { trust, key, clock, random, nodeName } = this.options;
    const socket = trust.connect({ role: 'hub', memberId: hubId, host, port });
    const timer = clock.after(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('timed out')));
    try {
      await once(socket, 'secureConnect');
      socket.write(encodePreface({ kind: 'lmtp', hub: nodeName, issuedAt: clock.now(), nonce: random.uuid() }, key));
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      socket.pause();
      const end = chunk.indexOf('\n');
      const reply = decodePrefaceReply(chunk.toString('latin1', 0, end).replace(/\r$/, ''));
      if (!reply.ok) throw new Error(`${reply.code} ${reply.text}`);
      if (end + 1 < chunk.length) socket.unshift(chunk.subarray(end + 1));
      return socket;
    } catch (error) {
      socket.destroy();
      throw new RelayError('connect', false, `hub relay ${host}:${port}: ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      timer.cancel();
    }
  }
}
