import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Scope } from '#api-schema';
import type { ApiKey, DirectoryRegistry } from '#directory/api';
import type { RateLimits } from '../rate-limit/rate-limits.ts';
import { routeOf, scopeOf } from './operation.ts';
import { RefusalError } from './refusal.ts';
import type { ApiRequest, ApiResponse } from './request.ts';

/** RFC 6750 §2.1, and §3 for the challenge. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** Finds out whose key it is, counts the request, and asks whether the key may do what the handler does. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly limits: RateLimits,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const handler = execution.getHandler();
    const scope = scopeOf(handler);
    // Only the docs have none; a test holds that every route of the table has.
    if (scope === undefined) return true;
    const request = execution.switchToHttp().getRequest<ApiRequest>();
    const response = execution.switchToHttp().getResponse<ApiResponse>();
    request.operation = routeOf(handler)?.id ?? '';
    const secret = BEARER.exec(request.headers.authorization ?? '')?.[1];
    const key = secret === undefined ? undefined : await this.registry.authenticateApiKey(secret);
    if (secret === undefined || key === undefined) {
      await this.limits.countRefusal(request, response);
      const error = secret === undefined ? '' : ', error="invalid_token"';
      throw new RefusalError({ code: 'unauthenticated' }, { 'WWW-Authenticate': `Bearer realm="rookery"${error}` });
    }
    await this.limits.countRequest(key, response);
    if (!allows(key, scope))
      throw new RefusalError({ code: 'forbidden', detail: `the key has not the scope ${scope}` });
    const { partnerId } = key;
    request.asking = {
      key,
      secret,
      context: {
        actor: `apikey:${key.id}`,
        requestId: request.requestId,
        ...(partnerId === null ? {} : { partnerId }),
      },
    };
    return true;
  }
}

export const allows = ({ scopes }: Pick<ApiKey, 'scopes'>, scope: Scope): boolean =>
  scopes.includes('operator') || scopes.includes(scope) || (scope === 'usage' && scopes.includes('write'));
