import type { Socket } from 'node:net';
import { type Endpoint, type NodeReport, NodeUnreachableError } from '#cluster/api';
import { type Clock, type Deferred, deferred, type Logger, RELEASE, type Release, releaseOf, type Timer } from '#stdx';
import { type MemberTrust, PeerRefusedError } from '#trust';
import { JsonLineReader, jsonLine } from './json-lines.ts';
import {
  type Answer,
  answerSchema,
  HELLO_BYTES_MAX,
  type Hello,
  MESSAGE_BYTES_MAX,
  type News,
  type Request,
  type Verdict,
  verdictSchema,
} from './messages.ts';

export interface HubIdentity {
  readonly trust: MemberTrust;
  readonly name: string;
  /** Told to nodes: where this hub takes mail for other volumes. */
  readonly relay: Endpoint;
  /** What it says it is; default what it is. */
  readonly release?: Release;
}

export interface ConnectionSettings {
  /** TCP, TLS and hello together; default 1,000. */
  readonly connectTimeoutMs: number;
  /** Wait between attempts; default 100. Ten times as long after a node said that it does not want this hub. */
  readonly retryMs: number;
  /** A connection on which nothing was answered for so long is given up and made anew; default 5,000. */
  readonly silenceMsMax: number;
}

interface Parts {
  readonly identity: HubIdentity;
  readonly settings: ConnectionSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ConnectionListener {
  /** `speaks`: the protocol both know. */
  connected(speaks: number): void;
  /** It answers, and does not want this hub; told anew when it says something else. */
  denied(reason: string, release: Release): void;
  refused(): void;
  reported(report: NodeReport): void;
}

type Unreachable = NodeUnreachableError['why'];
/** A request that wants an answer, before it has its number. */
type Question = Request extends infer R ? (R extends { n: number } ? Omit<R, 'n'> : never) : never;

/** The persistent connection to one node: made anew for ever until closed. */
export class NodeConnection {
  private socket: Socket | undefined;
  private ready = false;
  private closed = false;
  private why: Unreachable = 'silent';
  private denial: string | undefined;
  private sequence = 0;
  private readonly waiting = new Map<number, Deferred<Answer>>();
  private timer: Timer | undefined;
  private lastAnswerAt = 0;

  constructor(
    readonly nodeId: string,
    readonly endpoint: Endpoint,
    private readonly parts: Parts,
    private readonly listener: ConnectionListener,
  ) {
    this.open();
  }

  /** Rejects `NodeUnreachableError` at once when not connected, else when the connection ends first. */
  ask(question: Question): Promise<Answer> {
    if (!this.ready) return Promise.reject(new NodeUnreachableError(this.why));
    const { clock, settings } = this.parts;
    if (this.waiting.size === 0) this.lastAnswerAt = clock.monotonic();
    else if (clock.monotonic() - this.lastAnswerAt > settings.silenceMsMax) {
      this.lost('silent');
      return Promise.reject(new NodeUnreachableError('silent', 'nothing was answered; connecting anew'));
    }
    const n = this.sequence++;
    const answer = deferred<Answer>();
    this.waiting.set(n, answer);
    this.send({ ...question, n } as Request);
    return answer.promise;
  }

  tell(message: Request): void {
    if (this.ready) this.send(message);
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.drop();
  }

  private open(): void {
    const { clock, settings, identity } = this.parts;
    const { trust, name, relay, release = RELEASE } = identity;
    const socket = trust.connect({ role: 'node', memberId: this.nodeId, ...this.endpoint });
    this.socket = socket;
    const hello: Hello = { t: 'hello', ...releaseOf(release), name, relay: { ...relay } };
    socket.once('secureConnect', () => socket.write(jsonLine(hello)));
    const reader = new JsonLineReader(HELLO_BYTES_MAX);
    this.timer = clock.after(settings.connectTimeoutMs, () => {
      if (this.socket === socket && !this.ready) this.lost('silent');
    });
    socket.on('data', (chunk) => {
      if (this.socket !== socket) return;
      try {
        reader.push(chunk, (value) => {
          if (this.ready) return this.settle(answerSchema.parse(value));
          const { speaks } = welcomeOf(value);
          this.ready = true;
          this.denial = undefined;
          reader.lineBytesMax = MESSAGE_BYTES_MAX;
          this.timer?.cancel();
          this.listener.connected(speaks);
        });
      } catch (error) {
        this.giveUp(error as Error);
      }
    });
    socket.on('error', (error: Error & { code?: string }) => {
      if (this.socket === socket) this.lost(whyOf(error));
    });
    // A connection that just ended says nothing yet: the next attempt will.
    socket.on('close', () => {
      if (this.socket === socket) this.lost('silent');
    });
  }

  private giveUp(error: Error): void {
    const { message } = error;
    // Tried for as long as it lasts, and said once.
    if (this.ready || this.denial !== message)
      this.parts.logger.warn({ node: this.nodeId, error: message }, 'control connection given up');
    const denied = error instanceof DeniedError || !this.ready;
    if (error instanceof DeniedError && this.denial !== message) this.listener.denied(message, error.release);
    if (denied) this.denial = message;
    this.lost(denied ? 'denied' : 'silent');
  }

  private settle(answer: Answer | News): void {
    this.lastAnswerAt = this.parts.clock.monotonic();
    if (answer.t === 'news') {
      this.listener.reported(answer.report);
      return;
    }
    const waiting = this.waiting.get(answer.n);
    this.waiting.delete(answer.n);
    waiting?.resolve(answer);
  }

  /** The connection is over. An established one is made anew at once: only that tells a dead process from a cut wire. */
  private lost(why: Unreachable): void {
    const wasReady = this.ready;
    const news = wasReady || this.why !== why;
    this.why = why;
    this.drop();
    if (this.closed) return;
    if (why === 'refused' && news) this.listener.refused();
    if (wasReady) this.open();
    else this.timer = this.parts.clock.after(this.retryMs(why), () => this.open());
  }

  private retryMs(why: Unreachable): number {
    const { retryMs } = this.parts.settings;
    return why === 'denied' ? 10 * retryMs : retryMs;
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = undefined;
    this.ready = false;
    this.timer?.cancel();
    socket?.on('error', () => {});
    socket?.destroy();
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const each of waiting) each.reject(new NodeUnreachableError(this.why, 'the connection ended'));
  }

  private send(message: Request): void {
    this.socket?.write(jsonLine(message));
  }
}

class DeniedError extends Error {
  override readonly name = 'DeniedError';
  constructor(
    reason: string,
    readonly release: Release,
  ) {
    super(reason);
  }
}

/** Throws when the node does not want this hub. */
function welcomeOf(value: unknown): Extract<Verdict, { t: 'welcome' }> {
  const verdict = verdictSchema.parse(value);
  if (verdict.t === 'denied') throw new DeniedError(verdict.reason, releaseOf(verdict));
  return verdict;
}

/** Codes with which OpenSSL says that the other end's chain does not end in the cluster's authority. */
const UNVERIFIED = /^(SELF_SIGNED|UNABLE_TO|CERT_|DEPTH_ZERO|INVALID_|ERR_SSL)/;

function whyOf(error: Error & { code?: string }): Unreachable {
  if (error.code === 'ECONNREFUSED') return 'refused';
  return error instanceof PeerRefusedError || UNVERIFIED.test(error.code ?? '') ? 'denied' : 'silent';
}
