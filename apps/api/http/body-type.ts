import { API_PREFIX, ROUTES, type Route } from '#api-schema';
import { RefusalError } from './refusal.ts';
import { type ApiRequest, type ApiResponse, pathOf } from './request.ts';

/** JSON, and what is JSON by another name for changes (RFC 7396). */
const JSON_TYPE = /^application\/(json|merge-patch\+json)\s*(;|$)/i;

/** Paths of routes that take other types, and these. */
const OTHER_TYPES = new Map<string, readonly string[]>(
  Object.values<Route>(ROUTES).flatMap(({ path, media }) =>
    media ? [[`${API_PREFIX}${path}`, Object.keys(media)] as const] : [],
  ),
);

/** Every type some route takes: what the JSON parser reads. */
export const BODY_TYPES: readonly string[] = [
  'application/json',
  'application/merge-patch+json',
  ...new Set([...OTHER_TYPES.values()].flat()),
];

/** A body in another form is refused, instead of being taken for none (RFC 9110 §15.5.16). */
export function requireJson(request: ApiRequest, _response: ApiResponse, next: (error?: unknown) => void): void {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  const type = request.headers['content-type'] ?? '';
  const others = OTHER_TYPES.get(pathOf(request));
  const fits = others ? others.includes(type.split(';')[0]?.trim().toLowerCase() ?? '') : JSON_TYPE.test(type);
  if (!hasBody || fits) next();
  else
    next(
      new RefusalError({
        code: 'unsupported_media_type',
        ...(others ? { detail: `it is ${others.join(' or ')}` } : {}),
      }),
    );
}
