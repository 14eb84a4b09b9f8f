import { createHmac, timingSafeEqual } from 'node:crypto';
import { common, RELEASE, type Span } from '#stdx';

/** First line of every data connection, hub → node: `ROOKERY/1 <base64url JSON>.<base64url HMAC-SHA256>\r\n`. At most 4,096 bytes. It says what protocols the caller knows; the connection speaks the newest that both do. */
export type Preface =
  /** A pooled connection for many transactions; each RCPT carries its own route. */
  | { readonly kind: 'lmtp'; readonly hub: string; readonly issuedAt: number; readonly nonce: string }
  /** Session legs in any number, each a channel: `carrier-frames.ts`. */
  | { readonly kind: 'carrier'; readonly hub: string; readonly issuedAt: number; readonly nonce: string }
  /** An account on its way between volumes: its stream from the node, or to it, and then one line that says how it ended. */
  | TransferPreface
  /** JSON-lines requests of the control plane: account figures, queue, trace. */
  | { readonly kind: 'rpc'; readonly hub: string; readonly issuedAt: number; readonly nonce: string };

export interface TransferPreface {
  readonly kind: 'transfer';
  readonly hub: string;
  readonly issuedAt: number;
  readonly nonce: string;
  readonly direction: 'export' | 'import';
  readonly accountId: string;
  readonly volumeId: string;
  readonly epoch: number;
  /** Where an export begins. */
  readonly since: TransferCursor;
}

/** How far a copy of an account has come; opaque to hubs but for being passed on. */
export interface TransferCursor {
  readonly modSeq: number;
  readonly nextMessage: number;
}

/** The one line that a node sends once it has taken an account's stream in, or could not. `code` is the store's. */
export type TransferEnd =
  | { readonly ok: true; readonly cursor: TransferCursor }
  | { readonly ok: false; readonly code: string; readonly text: string };

export const encodeTransferEnd = (end: TransferEnd): string => `${JSON.stringify(end)}\n`;

/** `undefined` when the line is no such thing. */
export function readTransferEnd(line: string): TransferEnd | undefined {
  try {
    const end = JSON.parse(line) as Partial<TransferEnd> | null;
    return typeof end?.ok === 'boolean' ? (end as TransferEnd) : undefined;
  } catch {
    return undefined;
  }
}

/** How old a preface may be, against replay by someone who read the wire. */
export const PREFACE_AGE_MS_MAX = 30_000;
export const PREFACE_BYTES_MAX = 4_096;
const PREFIX = 'ROOKERY/1 ';

export function encodePreface(preface: Preface, key: Uint8Array, knows = RELEASE.protocol): string {
  const body = Buffer.from(JSON.stringify({ ...preface, knows })).toString('base64url');
  return `${PREFIX}${body}.${sign(body, key)}\r\n`;
}

/** `otherProtocol`: the two are of releases too far apart. */
export type PrefaceRefusal = 'malformed' | 'badSignature' | 'expired' | 'otherProtocol';

/** A preface that was read, and the protocol its connection speaks. */
export type ReadPreface = Preface & { readonly speaks: number };

/** What those know who do not say it. */
const BEFORE: Span = { oldest: 2, newest: 2 };

/** `line` without its CRLF. */
export function decodePreface(line: string, key: Uint8Array, now: number): ReadPreface | PrefaceRefusal {
  if (!line.startsWith(PREFIX)) return 'malformed';
  const dot = line.indexOf('.', PREFIX.length);
  if (dot < 0) return 'malformed';
  const body = line.slice(PREFIX.length, dot);
  const given = Buffer.from(line.slice(dot + 1), 'base64url');
  const wanted = Buffer.from(sign(body, key), 'base64url');
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return 'badSignature';
  const preface = JSON.parse(Buffer.from(body, 'base64url').toString()) as Preface & { readonly knows?: Span };
  if (Math.abs(now - preface.issuedAt) > PREFACE_AGE_MS_MAX) return 'expired';
  const speaks = common(preface.knows ?? BEFORE, RELEASE.protocol);
  return speaks === undefined ? 'otherProtocol' : { ...preface, speaks };
}

const sign = (body: string, key: Uint8Array): string => createHmac('sha256', key).update(body).digest('base64url');

/** The node's answer line, to a preface and to the opening of a channel: `+OK`, with the protocol a connection speaks, or a refusal. After `+OK` a connection carries frames (carrier) or plain LMTP/JSON lines (lmtp, rpc). */
export type PrefaceReply =
  | { readonly ok: true; readonly speaks?: number }
  /**
   * STALE: not the owner at that epoch, look up again. MOVING: the account is leaving this volume, or has left it; look up
   * where it is, in a moment. UNAVAILABLE: try later. DENIED: signature or age.
   */
  | { readonly ok: false; readonly code: PrefaceRefusalCode; readonly text: string };

export type PrefaceRefusalCode = 'STALE' | 'MOVING' | 'UNAVAILABLE' | 'DENIED';

export const encodePrefaceReply = (reply: PrefaceReply): string =>
  reply.ok ? `+OK${reply.speaks === undefined ? '' : ` ${reply.speaks}`}\r\n` : `-ERR ${reply.code} ${reply.text}\r\n`;

export function decodePrefaceReply(line: string): PrefaceReply {
  const taken = /^\+OK(?: (\d{1,6}))?/.exec(line);
  if (taken) return taken[1] === undefined ? { ok: true } : { ok: true, speaks: Number(taken[1]) };
  const match = /^-ERR (STALE|MOVING|UNAVAILABLE|DENIED) (.*)$/.exec(line);
  if (!match) return { ok: false, code: 'UNAVAILABLE', text: 'unreadable answer' };
  return { ok: false, code: match[1] as PrefaceRefusalCode, text: match[2] ?? '' };
}
