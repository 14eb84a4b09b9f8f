import { RefusalError } from './refusal.ts';
import type { ApiRequest, ApiResponse } from './request.ts';

/** JSON, and what is JSON by another name for changes (RFC 7396). */
const JSON_TYPE = /^application\/(json|merge-patch\+json)\s*(;|$)/i;

/** A body in another form is refused, instead of being taken for none (RFC 9110 §15.5.16). */
export function requireJson(request: ApiRequest, _response: ApiResponse, next: (error?: unknown) => void): void {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody || JSON_TYPE.test(request.headers['content-type'] ?? '')) next();
  else next(new RefusalError({ code: 'unsupported_media_type' }));
}
