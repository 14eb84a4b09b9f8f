import {
  Carrier,
  CarrierLostError,
  type CarrierSettings,
  CarrierTally,
  type Channel,
  DEFAULT_CARRIER_SETTINGS,
  ReadSlabs,
} from '#carrier';
import { encodeOpening, type PrefaceReply, type SessionOpening } from '#protocol/handover';
import type { Clock, Logger, Random } from '#stdx';
import { DialError, type DialedNode, dial, type HubCredentials } from './dial.ts';

export interface NodeCarrierSettings extends CarrierSettings {
  /** Carriers to one node. 2: a packet lost on one does not hold up all of a node's sessions. */
  readonly perNodeMax: number;
  /** Channels that the least busy one has before there is another. 64. */
  readonly channelsBeforeNext: number;
  /** How long one node may take to answer a preface, and an opening. 3,000: an owner that is silent longer has lost its lease. */
  readonly dialMs: number;
  /** A node that could not be reached is tried again after this; each time it cannot, after twice as long … 25. */
  readonly retryMs: number;
  /** … up to this. 500. */
  readonly retryMsMax: number;
  /** An older carrier takes no new channels and ends with its last. 86,400,000: certificates are renewed, and shown at handshakes alone. */
  readonly ageMsMax: number;
}

export const DEFAULT_NODE_CARRIER_SETTINGS: NodeCarrierSettings = {
  ...DEFAULT_CARRIER_SETTINGS,
  perNodeMax: 2,
  channelsBeforeNext: 64,
  dialMs: 3_000,
  retryMs: 25,
  retryMsMax: 500,
  ageMsMax: 86_400_000,
};

/** What there is of carriers to one node. */
interface NodeLine {
  readonly carriers: Set<Carrier>;
  connecting: Promise<Carrier> | undefined;
  failures: number;
  /** Monotonic: not tried again before. */
  notBefore: number;
}

/** Few lasting connections to every node, which carry the legs of all sessions. */
export class NodeCarriers {
  private readonly lines = new Map<string, NodeLine>();
  private readonly tally = new CarrierTally();
  private closed = false;

  constructor(
    private readonly hub: HubCredentials,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly logger: Logger,
    private readonly settings: NodeCarrierSettings = DEFAULT_NODE_CARRIER_SETTINGS,
  ) {}

  /** Rejects `DialError` or `CarrierLostError` when the node cannot be reached or does not answer. */
  async open(
    node: DialedNode,
    opening: SessionOpening,
  ): Promise<{ readonly channel: Channel; readonly reply: PrefaceReply }> {
    const carrier = await this.carrierTo(node);
    return carrier.open(encodeOpening(opening), this.settings.dialMs);
  }

  /** Now: connections and the channels on them. Since the start: bytes, and how often a channel waited for its reader. */
  get figures() {
    let carriers = 0;
    let channels = 0;
    for (const line of this.lines.values())
      for (const { channelCount } of line.carriers) {
        carriers++;
        channels += channelCount;
      }
    const { bytesSent, bytesReceived, stalls } = this.tally;
    return { carriers, channels, bytesSent, bytesReceived, stalls };
  }

  /** Ends all; nothing is dialled any more. */
  close(): void {
    this.closed = true;
    for (const line of this.lines.values()) for (const carrier of line.carriers) carrier.destroy('the hub stops');
  }

  private carrierTo(node: DialedNode): Carrier | Promise<Carrier> {
    const line = this.lineTo(node);
    this.retireOld(line);
    const least = leastBusy(line);
    const { perNodeMax, channelsBeforeNext } = this.settings;
    if (!least) return this.connect(node, line);
    if (least.channelCount >= channelsBeforeNext && line.carriers.size < perNodeMax)
      // What the present ones can carry does not wait for it.
      this.connect(node, line).catch(() => {});
    return least;
  }

  private lineTo({ nodeId, endpoint: { host, port } }: DialedNode): NodeLine {
    const key = `${nodeId} ${host} ${port}`;
    let line = this.lines.get(key);
    if (!line) {
      line = { carriers: new Set(), connecting: undefined, failures: 0, notBefore: 0 };
      this.lines.set(key, line);
    }
    return line;
  }

  /** However many wait for it, one is dialled at a time, and not at once after a failure. */
  private connect(node: DialedNode, line: NodeLine): Promise<Carrier> {
    if (line.connecting) return line.connecting;
    if (this.closed || this.clock.monotonic() < line.notBefore)
      return Promise.reject(new DialError(this.closed ? 'the hub stops' : 'could not be reached a moment ago'));
    line.connecting = this.dial(node, line)
      .then((carrier) => {
        line.failures = 0;
        return carrier;
      })
      .catch((error: unknown) => {
        const { retryMs, retryMsMax } = this.settings;
        const wait = Math.min(retryMs * 2 ** line.failures++, retryMsMax);
        line.notBefore = this.clock.monotonic() + wait;
        throw error;
      })
      .finally(() => {
        line.connecting = undefined;
      });
    return line.connecting;
  }

  private async dial(node: DialedNode, line: NodeLine): Promise<Carrier> {
    const { clock, settings, tally, hub, random } = this;
    const nonce = random.bytes(12).toString('base64url');
    const preface = { kind: 'carrier', hub: hub.name, issuedAt: clock.now(), nonce } as const;
    const reads = new ReadSlabs();
    const { socket, reply, first } = await dial(hub, node, preface, clock, settings.dialMs, reads);
    if (!reply.ok) throw new CarrierRefusedError(reply);
    const carrier = new Carrier({ socket, reads, first, settings, tally, clock });
    const timer = clock.after(settings.dialMs, () => carrier.destroy('no hello'));
    try {
      await carrier.opened;
    } finally {
      timer.cancel();
    }
    line.carriers.add(carrier);
    void carrier.closed.then((why) => {
      line.carriers.delete(carrier);
      this.logger.info({ nodeId: node.nodeId, ...node.endpoint, why }, 'carrier gone');
    });
    if (this.closed) carrier.destroy('the hub stops');
    return carrier;
  }

  private retireOld({ carriers }: NodeLine): void {
    const oldest = this.clock.monotonic() - this.settings.ageMsMax;
    for (const carrier of carriers) if (carrier.startedAt < oldest) carrier.retire();
  }
}

/** The node did not take the carrier. */
export class CarrierRefusedError extends CarrierLostError {
  constructor(readonly reply: PrefaceReply & { readonly ok: false }) {
    super(`${reply.code} ${reply.text}`);
  }
}

function leastBusy({ carriers }: NodeLine): Carrier | undefined {
  let least: Carrier | undefined;
  for (const carrier of carriers)
    if (carrier.hasRoom && (!least || carrier.channelCount < least.channelCount)) least = carrier;
  return least;
}
