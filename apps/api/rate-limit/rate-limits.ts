import type { ApiKey } from '#directory/api';
import type { Clock } from '#stdx';
import { RefusalError } from '../http/refusal.ts';
import type { ApiRequest, ApiResponse } from '../http/request.ts';
import { type RateCounter, WINDOW_SECONDS } from './rate-counter.ts';

export interface RateLimitSettings {
  /** Of one key. */
  readonly requestsPerMinute: number;
  /** Without a valid key, of one address. */
  readonly refusalsPerMinute: number;
}

/** Fixed windows of a minute, told in the headers of draft-ietf-httpapi-ratelimit-headers-10. */
export class RateLimits {
  constructor(
    private readonly counter: RateCounter,
    private readonly clock: Clock,
    private readonly settings: RateLimitSettings,
  ) {}

  countRequest(key: ApiKey, response: ApiResponse): Promise<void> {
    return this.take(`key:${key.id}`, 'key', this.settings.requestsPerMinute, response);
  }

  countRefusal(request: ApiRequest, response: ApiResponse): Promise<void> {
    return this.take(`address:${request.ip ?? ''}`, 'address', this.settings.refusalsPerMinute, response);
  }

  private async take(subject: string, policy: string, quota: number, response: ApiResponse): Promise<void> {
    const seconds = this.clock.now() / 1_000;
    const window = Math.floor(seconds / WINDOW_SECONDS);
    const resetSeconds = Math.max(1, Math.ceil((window + 1) * WINDOW_SECONDS - seconds));
    const used = await this.counter.count(subject, window);
    response.setHeader('RateLimit-Policy', `"${policy}";q=${quota};w=${WINDOW_SECONDS}`);
    response.setHeader('RateLimit', `"${policy}";r=${Math.max(0, quota - used)};t=${resetSeconds}`);
    if (used > quota) throw new RefusalError({ code: 'rate_limited' }, { 'Retry-After': String(resetSeconds) });
  }
}
