import { Duplex, duplexPair } from 'node:stream';
import { Carrier, CarrierTally, type Channel, type ChannelUser, DEFAULT_CARRIER_SETTINGS } from '#carrier';
import { type ClientConnection, channelConnection } from '#connection';
import { decodeMark, type SessionMark } from '#protocol/handover';
import { deferred, systemClock } from '#stdx';

/** A leg as a hub sees it, less the frames. */
export interface HubSide {
  /** What the client says and hears. */
  readonly client: Duplex;
  /** The newest mark. */
  mark(): SessionMark;
  /** What the client was sent since the newest mark. */
  bytesSinceMark(): number;
}

/** Both ends of a session's leg: the node's, and the hub's channel. */
export interface LegEnds {
  readonly connection: ClientConnection;
  readonly channel: Channel;
}

/** Both ends of a carrier, over a pair of streams in memory or what stands between them; `accept` says yes to every channel. */
export async function carrierPair(
  [near, far]: readonly [Duplex, Duplex] = duplexPair(),
  settings = DEFAULT_CARRIER_SETTINGS,
) {
  const accepted: Channel[] = [];
  const shared = { first: Buffer.alloc(0), settings, tally: new CarrierTally(), clock: systemClock };
  const node: Carrier = new Carrier({
    ...shared,
    socket: far,
    accept(channel) {
      accepted.push(channel);
      node.answer(channel, { ok: true });
    },
  });
  const hub = new Carrier({ ...shared, socket: near });
  await hub.opened;
  /** Both ends of a channel. */
  const open = async (): Promise<{ readonly hub: Channel; readonly node: Channel }> => {
    const { channel } = await hub.open(Buffer.from('{}'), 5_000);
    return { hub: channel, node: accepted.at(-1)! };
  };
  return { hub, node, open, tally: shared.tally };
}

export async function legPair(): Promise<LegEnds> {
  const { hub, node } = await (await carrierPair()).open();
  return { connection: channelConnection(node), channel: hub };
}

/** What a test wants to hear of a channel. */
export interface HubEars {
  data?(bytes: Buffer): void;
  mark?(payload: Buffer): void;
  request?(payload: Buffer): void;
  ended?(): void;
}

/** Listens on a hub's end, and takes what comes at once. `ended` resolves when the node has. */
export function listenTo(channel: Channel, ears: HubEars): { readonly ended: Promise<void> } {
  const ended = deferred();
  const over = (): void => {
    ears.ended?.();
    ended.resolve();
  };
  const user: ChannelUser = {
    channelData(bytes) {
      channel.consumed(bytes.length);
      ears.data?.(bytes);
    },
    channelMark: (payload) => ears.mark?.(payload),
    channelRequest: (payload) => ears.request?.(payload),
    channelDrained() {},
    channelEnded: over,
    channelLost: over,
  };
  channel.attach(user);
  return { ended: ended.promise };
}

/** What a hub does with its end of a leg: passes bytes on, keeps the mark. */
export function hubSide(channel: Channel, resumedFrom?: Uint8Array): HubSide {
  let mark: SessionMark | undefined = resumedFrom && { answered: 0, state: resumedFrom };
  let sinceMark = 0;
  const client = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      channel.write(chunk);
      done();
    },
    destroy(_, done) {
      channel.reset();
      done(null);
    },
  });
  listenTo(channel, {
    data(bytes) {
      sinceMark += bytes.length;
      client.push(bytes);
    },
    mark(payload) {
      sinceMark = 0;
      mark = decodeMark(payload);
    },
    ended: () => client.push(null),
  });
  return {
    client,
    bytesSinceMark: () => sinceMark,
    mark() {
      if (!mark) throw new Error('no mark came');
      return mark;
    },
  };
}
