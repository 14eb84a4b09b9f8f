import type { SmtpPeer } from './backend.ts';

/** How a message came in. */
export interface TransmissionFacts {
  readonly protocol: 'smtp' | 'esmtp' | 'lmtp';
  readonly tls: boolean;
  readonly authenticated: boolean;
  /** MAIL carried SMTPUTF8. */
  readonly smtputf8: boolean;
}

/** The `with` keyword: RFC 3848, and RFC 6531 §4.3 for SMTPUTF8. */
export function transmissionType(facts: TransmissionFacts): string {
  if (facts.protocol === 'smtp') return 'SMTP';
  const base = facts.protocol === 'lmtp' ? 'LMTP' : facts.smtputf8 ? 'SMTP' : 'ESMTP';
  return `${facts.smtputf8 ? 'UTF8' : ''}${base}${facts.tls ? 'S' : ''}${facts.authenticated ? 'A' : ''}`;
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

/** RFC 5322 §3.3, in UTC. `at` in milliseconds since the epoch. */
export function mailDate(at: number): string {
  const date = new Date(at);
  const day = `${DAYS[date.getUTCDay()]}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

export interface ReceivedFacts {
  readonly peer: Pick<SmtpPeer, 'address' | 'helo' | 'tls' | 'transmission'>;
  /** Ours. */
  readonly hostname: string;
  readonly transactionId: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Named only when the message has one recipient: others must not learn of it (RFC 5321 §7.2). */
  readonly forwardPath?: string;
  /** From reverse DNS, when it was looked up. */
  readonly clientName?: string;
}

/** `Received:` with its CRLF (RFC 5321 §4.4). No part of it, whatever the client said, can break the line or the comment. */
export function receivedHeader(facts: ReceivedFacts): string {
  const { peer } = facts;
  const literal = peer.address.includes(':') ? `[IPv6:${peer.address}]` : `[${peer.address}]`;
  const helo = token(peer.helo) || 'unknown';
  const name = facts.clientName === undefined ? '' : `${token(facts.clientName)} `;
  // RFC 8314 §7.4 and common practice: cipher and version as a comment.
  const tls = peer.tls ? `\r\n\t(${token(peer.tls.protocol)} cipher ${token(peer.tls.cipher)})` : '';
  const recipient = facts.forwardPath ? `\r\n\tfor <${token(facts.forwardPath)}>` : '';
  return (
    `Received: from ${helo} (${name}${literal})${tls}\r\n` +
    `\tby ${facts.hostname} with ${peer.transmission} id ${facts.transactionId}${recipient};\r\n` +
    `\t${mailDate(facts.at)}\r\n`
  );
}

/** Printable, no white space, no parentheses or angle brackets; at most 255 characters. */
const token = (text: string): string => text.replace(/[\x00-\x20\x7f()<>;\\]/g, '').slice(0, 255);

/** `Return-Path:` with its CRLF, added at final delivery (RFC 5321 §4.4). */
export const returnPathHeader = (reversePath: string): string => `Return-Path: <${reversePath}>\r\n`;
