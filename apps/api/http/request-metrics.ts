import { Histogram, type Registry } from 'prom-client';
import type { Clock, Logger, Random } from '#stdx';
import type { ApiRequest, ApiResponse } from './request.ts';

/** Visible characters only, so that a caller's id can stand in a log and a header. */
const REQUEST_ID = /^[\w.:-]{1,100}$/;

/** Gives every request an id (the caller's, if it sent one), and counts and logs how it went. */
export function requestMetrics(ground: { clock: Clock; random: Random; logger: Logger }, registry: Registry) {
  const seconds = new Histogram({
    name: 'rookery_api_request_seconds',
    help: 'Time to answer a request, by operation and status',
    labelNames: ['operation', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  return (request: ApiRequest, response: ApiResponse, next: () => void): void => {
    const started = ground.clock.monotonic();
    const given = String(request.headers['x-request-id'] ?? '');
    request.requestId = REQUEST_ID.test(given) ? given : ground.random.uuid();
    response.setHeader('X-Request-Id', request.requestId);
    response.setHeader('Cache-Control', 'no-store');
    response.on('finish', () => {
      const durationMs = ground.clock.monotonic() - started;
      const operation = request.operation ?? 'none';
      const status = response.statusCode;
      seconds.observe({ operation, status }, durationMs / 1_000);
      const { requestId, asking, method, originalUrl: url } = request;
      const fields = { requestId, actor: asking?.context.actor, method, url, operation, status, durationMs };
      if (method === 'GET') ground.logger.debug(fields, 'request');
      else ground.logger.info(fields, 'request');
    });
    next();
  };
}
