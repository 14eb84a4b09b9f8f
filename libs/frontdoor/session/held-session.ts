import type { Duplex } from 'node:stream';
import type { Channel, ChannelUser } from '#carrier';
import { decodeHubRequest, decodeMark } from '#protocol/handover';
import { type ClientUser, joinClient, leaveClient } from './client-side.ts';
import { DeflateStream } from './deflate-stream.ts';
import { Journal } from './journal.ts';
import type { Farewell, SessionProtocol, Unit } from './protocol.ts';

/** What a held session needs of its front. */
export interface SessionKeeper {
  readonly protocol: SessionProtocol;
  /** Opens a leg to whoever owns the account's volume now, from the mark (base64url) on; `undefined` when nobody does in time. */
  resume(session: HeldSession, mark: string): Promise<Channel | undefined>;
  /** The session is over; its client's connection is to be closed in a while if it has not closed by itself. */
  ended(session: HeldSession, client: Duplex): void;
  /** Room for one more compressed connection, until `stream` closes. */
  mayCompress(): boolean;
  compressed(stream: DeflateStream): void;
  /** The session is over and its client is to sign in anew; `rest` is what it said behind that wish. */
  signedOut(session: HeldSession, client: Duplex, rest: Buffer): void;
  /** Monotonic, milliseconds. */
  now(): number;
  readonly journalBytesMax: number;
}

/** Who is signed in, as the hand-over says it. */
export interface HeldIdentity {
  readonly accountId: string;
  readonly email: string;
  readonly partnerId: string;
  readonly quotaBytes: number;
  readonly volumeId: string;
  readonly clientAddress: string;
  readonly tls: boolean;
  readonly sessionId: string;
}

/** A session that has lost this many legs within a minute ends: it may be what ends them. */
const LOSSES_MAX = 5;
const LOSSES_WINDOW_MS = 60_000;
/** A leg that stood so long and broke with nothing asked of it was not broken by its session: volumes may move as often as they like. */
const LEG_PROVED_MS = 500;

/**
 * A signed-in session: the client's connection, the leg to its node, and what is needed to go on elsewhere when the leg
 * is lost (docs/CLUSTER.md, "Clients do not notice"). Its laws:
 * - the client's bytes are forwarded as they come, the node's as they come; the client is not read while the node is behind,
 *   and the node may not say more than its window while the client is;
 * - nothing is invented: once a part of an answer was forwarded and its rest is lost, the connection ends;
 * - a command that may have had an effect is never said twice; one that ended two owners is not said a third time.
 */
export class HeldSession implements ChannelUser, ClientUser {
  private readonly journal: Journal;
  private leg: Channel | undefined;
  /** base64url: as text it takes a third of a buffer's memory, and keeps no one else's. */
  private mark: string | undefined;
  /** Bytes forwarded to the client since the last mark; of a continuation request alone, when `promptOnly`. */
  private sinceMark = 0;
  private promptOnly = false;
  private losses = 0;
  private lostAt = Number.NEGATIVE_INFINITY;
  private attachedAt = 0;
  private saidAgain = false;
  /** Units to be refused once `refuseAfter` units of the new leg are answered. */
  private refusals: readonly Unit[] = [];
  private refuseAfter = 0;
  /** The open command's rest is read and thrown away. */
  private skimming = false;
  private clientEnded = false;
  private over = false;
  /** Written to the client, which has not taken it: the node gets no credit for it yet. */
  private untaken = 0;
  private corked = false;

  constructor(
    private client: Duplex,
    leg: Channel,
    readonly identity: HeldIdentity,
    private readonly keeper: SessionKeeper,
  ) {
    this.journal = new Journal(keeper.protocol, keeper.journalBytesMax);
    joinClient(client, this);
    this.setLeg(leg);
  }

  /** Lets bytes flow. `first` is what the client sent behind its login; `ended` when it has closed its side. */
  start(first: Buffer, ended: boolean): void {
    if (first.length > 0) this.forward(first);
    if (ended) this.endOfClient();
    this.begin();
  }

  private begin(): void {
    this.leg?.attach(this);
    this.flow();
  }

  /** The hub stops: the client is told where it can be told without breaking into an answer. */
  stop(): void {
    this.finish('stopping');
  }

  private setLeg(leg: Channel): void {
    this.leg = leg;
    this.attachedAt = this.keeper.now();
  }

  private detach(): void {
    this.leg?.reset();
    this.leg = undefined;
    this.untaken = 0;
    this.uncork();
  }

  // Client → node.

  clientSaid(chunk: Buffer): void {
    if (this.skimming) this.skim(chunk);
    else this.forward(chunk);
  }

  private forward(chunk: Uint8Array): void {
    this.journal.said(chunk);
    this.send(chunk);
  }

  private send(chunk: Uint8Array): void {
    if (this.leg?.write(chunk) === false) this.client.pause();
  }

  /** Reads a lost command to its end, refuses it, and goes on with what follows. */
  private skim(chunk: Uint8Array): void {
    let end = -1;
    let tag = '';
    this.journal.skim(chunk, (event) => {
      if (end >= 0) return;
      // A client that waits to be asked for a literal gets its refusal instead.
      if (event.kind === 'literal' && !event.synchronizing) return;
      end = event.at;
      ({ tag } = event);
    });
    if (end < 0) return;
    this.skimming = false;
    this.journal.openRefused();
    this.client.write(this.keeper.protocol.lost(tag));
    if (end < chunk.length) this.forward(chunk.subarray(end));
  }

  endOfClient(): void {
    if (this.clientEnded) return;
    this.clientEnded = true;
    if (this.leg) this.endLegWhenSettled();
    else this.finish();
  }

  /** What was asked before the client closed its side is answered yet. */
  private endLegWhenSettled(): void {
    if (this.clientEnded && this.journal.settled) this.leg?.end();
  }

  // Node → client.

  channelData(bytes: Buffer, giveBack?: () => void): void {
    if (this.over) return;
    this.promptOnly = this.sinceMark === 0 && this.keeper.protocol.isPrompt(bytes);
    this.sinceMark += bytes.length;
    // What comes together goes on together.
    if (!this.corked) this.client.cork();
    this.corked = true;
    if (this.client.write(bytes, giveBack)) this.leg?.consumed(bytes.length);
    else this.untaken += bytes.length;
  }

  channelSettled(): void {
    this.uncork();
  }

  private uncork(): void {
    if (this.corked) this.client.uncork();
    this.corked = false;
  }

  channelMark(payload: Buffer): void {
    const { answered, state } = decodeMark(payload);
    this.mark = Buffer.from(state).toString('base64url');
    this.sinceMark = 0;
    if (answered > 0) this.saidAgain = false;
    this.journal.answered(answered);
    if (this.refusals.length > 0 && answered >= this.refuseAfter) this.refuse();
    this.endLegWhenSettled();
  }

  private refuse(): void {
    const { refusals } = this;
    this.refusals = [];
    for (const { tag } of refusals) this.client.write(this.keeper.protocol.lost(tag));
    this.flow();
  }

  /** The node leaves a command to us. */
  channelRequest(payload: Buffer): void {
    const { kind, tag, answered } = decodeHubRequest(payload);
    this.journal.answered(answered);
    if (kind === 'compress') this.compress(tag);
    else this.signOut(tag);
  }

  private compress(tag: string): void {
    const { client, keeper } = this;
    const isActive = client instanceof DeflateStream;
    const outcome = isActive ? 'active' : !this.journal.quiet ? 'pipelined' : keeper.mayCompress() ? 'begun' : 'limit';
    client.write(keeper.protocol.hubAnswers?.compress(tag, outcome) ?? '');
    if (outcome !== 'begun') return;
    leaveClient(client);
    this.uncork();
    const compressed = new DeflateStream(client);
    this.client = compressed;
    keeper.compressed(compressed);
    joinClient(compressed, this);
  }

  private signOut(tag: string): void {
    const { client, keeper } = this;
    const rest = this.journal.takeUnanswered();
    if (!rest) {
      this.finish('lost');
      return;
    }
    this.over = true;
    this.detach();
    leaveClient(client);
    client.write(keeper.protocol.hubAnswers?.unauthenticated(tag) ?? '');
    keeper.signedOut(this, client, rest);
  }

  // The leg is lost.

  /** A node that ends its side has no more to say to this client. */
  channelEnded(): void {
    this.channelLost();
  }

  channelLost(): void {
    if (this.over || !this.leg) return;
    this.detach();
    const { again, refused } = this.journal.unanswered();
    const literalAsked = this.promptOnly && again.length === 0 && refused.length === 0;
    // Part of an answer was forwarded, and nobody knows how it would have gone on.
    if (this.clientEnded || (this.sinceMark > 0 && !literalAsked)) this.finish(null);
    else if (
      !this.mark ||
      this.lostTooOften(again.length + refused.length === 0) ||
      (again.length > 0 && this.saidAgain)
    )
      this.finish('lost');
    else {
      this.client.pause();
      void this.resume(this.mark);
    }
  }

  private lostTooOften(idle: boolean): boolean {
    const now = this.keeper.now();
    if (idle && now - this.attachedAt >= LEG_PROVED_MS) return false;
    this.losses = now - this.lostAt > LOSSES_WINDOW_MS ? 1 : this.losses + 1;
    this.lostAt = now;
    return this.losses > LOSSES_MAX;
  }

  private async resume(mark: string): Promise<void> {
    const opened = await this.keeper.resume(this, mark);
    if (this.over || !opened) {
      opened?.reset();
      this.finish('lost');
      return;
    }
    const left = this.journal.unanswered();
    // A literal was asked for already: what follows it must not be asked for again.
    const open = this.promptOnly && this.sinceMark > 0;
    const kept = open ? { ...left, open: left.open.subarray(0, 0), openIsLost: true } : left;
    this.sinceMark = 0;
    this.setLeg(opened);
    this.journal.restart(kept);
    for (const { bytes } of kept.again) this.send(bytes);
    if (kept.open.length > 0) this.send(kept.open);
    this.saidAgain = kept.again.length > 0;
    this.skimming = kept.openIsLost;
    this.refusals = kept.refused;
    this.refuseAfter = kept.again.length;
    if (kept.refused.length > 0 && kept.again.length === 0) this.refuse();
    this.begin();
  }

  /** Reads the client, unless something must be settled first or the node is behind. */
  private flow(): void {
    if (this.leg && this.refusals.length === 0 && !this.leg.needsDrain) this.client.resume();
  }

  channelDrained(): void {
    this.flow();
  }

  clientDrained(): void {
    const { untaken } = this;
    this.untaken = 0;
    this.leg?.consumed(untaken);
  }

  /** Ends both sides. `reason` is said where an answer is not broken into; `null` where it would be. */
  finish(reason: Farewell | null = null): void {
    if (this.over) return;
    this.over = true;
    if (reason !== null && this.sinceMark === 0 && !this.skimming)
      this.client.write(this.keeper.protocol.farewell(reason));
    this.detach();
    this.client.end();
    // What the client still says is read, so that its end is seen.
    this.client.resume();
    this.keeper.ended(this, this.client);
  }

  clientGone(): void {
    if (this.over) return;
    this.over = true;
    this.detach();
    this.keeper.ended(this, this.client);
  }
}
