import type { DirectoryRegistry } from '#directory/api';
import { RefusalError } from '../http/refusal.ts';
import type { ApiRequest, ApiResponse } from '../http/request.ts';
import type { RateLimits } from '../rate-limit/rate-limits.ts';

/** A browser asks for a name and a password (RFC 7617): any name, and an operator's API key. */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="rookery operator", charset="UTF-8"' };

/** The pages load nothing from elsewhere, stand in no frame, and are kept by nobody. */
const HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
} as const;

/** Lets operators through, with `Bearer` or, from a browser, `Basic`. */
export function operatorOnly(registry: DirectoryRegistry, limits: RateLimits) {
  const check = async (request: ApiRequest, response: ApiResponse): Promise<void> => {
    const secret = secretOf(request.headers.authorization ?? '');
    const key = secret === undefined ? undefined : await registry.authenticateApiKey(secret);
    if (!key) {
      await limits.countRefusal(request, response);
      throw new RefusalError({ code: 'unauthenticated' }, CHALLENGE);
    }
    await limits.countRequest(key, response);
    if (!key.scopes.includes('operator'))
      throw new RefusalError({ code: 'forbidden', detail: 'the key has not the scope operator' });
    if (request.method !== 'GET' && request.method !== 'HEAD' && isFromElsewhere(request))
      throw new RefusalError({ code: 'forbidden', detail: 'another site sent this request' });
  };
  return (request: ApiRequest, response: ApiResponse, next: (error?: unknown) => void): void => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    check(request, response).then(() => next(), next);
  };
}

function secretOf(authorization: string): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(authorization) ?? [];
  if (bearer !== undefined) return bearer;
  const [, basic] = /^Basic +(\S+) *$/i.exec(authorization) ?? [];
  const pair = Buffer.from(basic ?? '', 'base64').toString();
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
}

/** A browser sends the remembered password with whatever page asks; only the board's own pages may change anything. */
const isFromElsewhere = (request: ApiRequest): boolean =>
  !['same-origin', 'none', undefined].includes(request.headers['sec-fetch-site'] as string | undefined);
