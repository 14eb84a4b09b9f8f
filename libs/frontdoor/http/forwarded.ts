import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** RFC 9110 §7.6.1: these speak of one connection and end with it. Proxy-Connection never was a standard, but is sent. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What a client must not tell what stands behind: we say it ourselves. */
const OURS = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-real-ip', 'forwarded']);

/** Headers without those of the connection they came on, and without those that `Connection` names. */
export function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !HOP_BY_HOP.has(name) && !named.has(name)) kept[name] = value;
  return kept;
}

export interface ForwardedFacts {
  readonly clientAddress: string;
  readonly secure: boolean;
}

/** Request headers for what stands behind: end-to-end ones, and who really asked, how, and for which host. */
export function forwardedHeaders(headers: IncomingHttpHeaders, facts: ForwardedFacts): OutgoingHttpHeaders {
  const kept = endToEnd(headers);
  for (const name of OURS) delete kept[name];
  return {
    ...kept,
    'x-forwarded-for': facts.clientAddress,
    'x-forwarded-proto': facts.secure ? 'https' : 'http',
    ...(headers.host === undefined ? {} : { 'x-forwarded-host': headers.host }),
  };
}
