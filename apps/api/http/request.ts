import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiKey } from '#directory/api';
import type { RequestContext } from '#stdx';

/** Who is asking, as the guard found out. */
export interface Asking {
  readonly key: ApiKey;
  /** The key itself, as it was sent: what replays are sealed with. Never logged. */
  readonly secret: string;
  /** Bounded to the key's partner; of an operator key to none. */
  readonly context: RequestContext;
}

/** Of express's request what we use, and what our own steps add to it on its way. */
export interface ApiRequest extends IncomingMessage {
  readonly body: unknown;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly originalUrl: string;
  readonly ip?: string;
  requestId: string;
  asking?: Asking;
  /** Route id, for the metrics. */
  operation?: string;
}

/** Of express's response what we use. */
export interface ApiResponse extends ServerResponse {
  status(code: number): this;
  json(body: unknown): this;
  type(type: string): this;
  send(body: string): this;
}

/** The whole path: express's own `path` is cut where a router is mounted. */
export const pathOf = (request: ApiRequest): string => request.originalUrl.split('?')[0] ?? '';
