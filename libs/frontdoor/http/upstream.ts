import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import type { Clock, Logger } from '#stdx';
import { endToEnd, type ForwardedFacts, forwardedHeaders } from './forwarded.ts';
import { problemDocument, sendProblem } from './problem.ts';

export interface UpstreamLimits {
  /** Connections to one upstream. 256. */
  readonly connectionsMax: number;
  /** To be connected. 3,000. */
  readonly connectMs: number;
  /** From the end of the request to the first byte of the answer. 60,000: nginx's `proxy_read_timeout`. */
  readonly answerMs: number;
  /** A request that may be asked again is, for so long, while nobody answers: what a service takes to start anew. 5,000. */
  readonly againMs: number;
}

export const DEFAULT_UPSTREAM_LIMITS: UpstreamLimits = {
  connectionsMax: 256,
  connectMs: 3_000,
  answerMs: 60_000,
  againMs: 5_000,
};

/** Between two attempts of one request. */
const AGAIN_PAUSE_MS = 200;

/** RFC 9110 §9.2.2: asked twice, these do what they do once. One with a body cannot be: it has streamed away. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
const mayBeAskedAgain = ({ method = '', headers }: IncomingMessage): boolean =>
  IDEMPOTENT.has(method) && headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;

/**
 * One HTTP service behind the front. Bodies stream both ways and nothing is gathered; what may be asked again is, when the
 * connection is lost before the answer begins.
 */
export class Upstream {
  private readonly agent: Agent;

  constructor(
    private readonly base: URL,
    private readonly clock: Pick<Clock, 'after' | 'monotonic'>,
    private readonly logger: Logger,
    private readonly limits: UpstreamLimits = DEFAULT_UPSTREAM_LIMITS,
  ) {
    // Below Node's own keep-alive of 5 s on the other side, so that no request meets a connection that is being closed.
    this.agent = new Agent({ keepAlive: true, maxSockets: limits.connectionsMax, timeout: 4_000 });
  }

  forward(incoming: IncomingMessage, response: ServerResponse, facts: ForwardedFacts): void {
    const until = this.clock.monotonic() + this.limits.againMs;
    const attempt = (): void => {
      if (response.destroyed) return;
      this.attempt(incoming, response, facts, () => {
        if (!mayBeAskedAgain(incoming) || this.clock.monotonic() >= until) return false;
        this.clock.after(AGAIN_PAUSE_MS, attempt);
        return true;
      });
    };
    attempt();
  }

  /** `again` is asked when nobody answered; true when there will be another attempt. */
  private attempt(
    incoming: IncomingMessage,
    response: ServerResponse,
    facts: ForwardedFacts,
    again: () => boolean,
  ): void {
    const outgoing = this.open(incoming, forwardedHeaders(incoming.headers, facts));
    const timing = this.watch(outgoing);
    const abandon = (): void => {
      if (!response.writableFinished) outgoing.destroy();
    };
    outgoing.on('response', (answer) => {
      timing.answered();
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.headers));
      // A broken answer must not look like a whole one: the connection is broken off in turn.
      pipeline(answer, response, (error) => {
        if (error) response.destroy();
      });
    });
    outgoing.on('error', (error) => {
      timing.answered();
      response.off('close', abandon);
      if (response.destroyed || (!timing.late && !response.headersSent && again())) return;
      this.logger.warn({ upstream: this.base.host, error: error.message }, 'request could not be forwarded');
      sendProblem(
        response,
        timing.late ? 'upstreamTimeout' : outgoing.reusedSocket ? 'upstreamBroke' : 'upstreamUnreachable',
      );
    });
    response.on('close', abandon);
    if (mayBeAskedAgain(incoming)) {
      incoming.resume();
      outgoing.once('finish', () => timing.sent()).end();
      return;
    }
    pipeline(incoming, outgoing, (error) => {
      if (error) outgoing.destroy(error);
      else timing.sent();
    });
  }

  /** WebSocket and its like: after 101 the two connections are one. */
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, facts: ForwardedFacts): void {
    const headers = forwardedHeaders(incoming.headers, facts);
    const outgoing = this.open(incoming, { ...headers, connection: 'Upgrade', upgrade: incoming.headers.upgrade });
    const timing = this.watch(outgoing);
    const refuse = (status: number, type: string, body: string): void => {
      socket.end(
        `HTTP/1.1 ${status} \r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    };
    outgoing.on('upgrade', (answer: IncomingMessage, upstream: Socket, rest: Buffer) => {
      timing.answered();
      const lines = [`HTTP/1.1 101 ${answer.statusMessage}`];
      for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2)
        lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      if (rest.length > 0) socket.write(rest);
      if (head.length > 0) upstream.write(head);
      join(socket, upstream);
    });
    outgoing.on('response', (answer) => {
      timing.answered();
      answer.resume();
      refuse(answer.statusCode ?? 502, 'text/plain', '');
    });
    outgoing.on('error', () => {
      const { status, body } = problemDocument(timing.late ? 'upstreamTimeout' : 'upstreamUnreachable');
      refuse(status, 'application/problem+json', body);
    });
    socket.on('error', () => outgoing.destroy());
    outgoing.end();
    timing.sent();
  }

  close(): void {
    this.agent.destroy();
  }

  private open(incoming: IncomingMessage, headers: ReturnType<typeof forwardedHeaders>): ClientRequest {
    const { hostname, port } = this.base;
    const { method, url: path } = incoming;
    return request({
      agent: this.agent,
      host: hostname.replace(/^\[|\]$/g, ''),
      port,
      headers,
      ...(method === undefined ? {} : { method }),
      ...(path === undefined ? {} : { path }),
    });
  }

  private watch(outgoing: ClientRequest): { late: boolean; sent(): void; answered(): void } {
    const { connectMs, answerMs } = this.limits;
    const tooLate = (what: string) => (): void => {
      watch.late = true;
      outgoing.destroy(new Error(what));
    };
    let timer = this.clock.after(connectMs, tooLate('not connected in time'));
    let settled = false;
    outgoing.on('socket', (socket: Socket) => {
      const connected = (): void => timer.cancel();
      if (socket.connecting) socket.once('connect', connected);
      else connected();
    });
    const watch = {
      late: false,
      sent: (): void => {
        timer.cancel();
        if (!settled) timer = this.clock.after(answerMs, tooLate('no answer in time'));
      },
      answered: (): void => {
        settled = true;
        timer.cancel();
      },
    };
    return watch;
  }
}

function join(one: Duplex, other: Duplex): void {
  const end = (): void => {
    one.destroy();
    other.destroy();
  };
  one.on('error', end).on('close', end);
  other.on('error', end).on('close', end);
  one.pipe(other).pipe(one);
}
