import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { API_PREFIX, ERRORS, ROUTES, type Route } from '#api-schema';
import type { Logger } from '#stdx';
import { problemOf, type Refusal, RefusalError, refusalOfThrown } from './refusal.ts';
import { type ApiRequest, type ApiResponse, pathOf } from './request.ts';

/** Everything that goes wrong leaves as a problem document (RFC 9457); what is our own fault leaves without its reason. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<ApiRequest>();
    this.answer(error, request, http.getResponse<ApiResponse>());
  }

  /** Also for express's own errors, which come before Nest. */
  answer(error: unknown, request: ApiRequest, response: ApiResponse): void {
    const refusal = refusalOfThrown(error) ?? this.unroutable(error, request, response) ?? this.fault(error, request);
    if (error instanceof RefusalError)
      for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
    if (
      refusal.code === 'unavailable' ||
      refusal.code === 'node_unreachable' ||
      refusal.code === 'idempotency_in_progress'
    )
      response.setHeader('Retry-After', '1');
    if (response.headersSent) return void response.destroy();
    response
      .status(ERRORS[refusal.code].status)
      .type('application/problem+json')
      .send(JSON.stringify(problemOf(refusal, request.requestId)));
  }

  /** Nest throws 404 for every request no handler takes: a path of another method is 405 (RFC 9110 §15.5.6). */
  private unroutable(error: unknown, request: ApiRequest, response: ApiResponse): Refusal | undefined {
    if (!(error instanceof HttpException)) return undefined;
    // What Nest makes of a path whose escapes are not UTF-8 (RFC 3986 §2.5).
    if (error.getStatus() === 400)
      return { code: 'invalid_request', errors: [{ field: 'path', reason: error.message }] };
    if (error.getStatus() !== 404) return undefined;
    const methods = Object.values<Route>(ROUTES)
      .filter(({ path }) => pathPattern(path).test(pathOf(request)))
      .map(({ method }) => method);
    if (methods.length === 0) return { code: 'route_not_found' };
    response.setHeader('Allow', [...new Set(methods)].join(', '));
    return { code: 'method_not_allowed' };
  }

  private fault(error: unknown, request: ApiRequest): Refusal {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    this.logger.error(
      { requestId: request.requestId, operation: request.operation, error: message, stack },
      'request failed',
    );
    return { code: 'internal_error' };
  }
}

const pathPattern = (path: string): RegExp => new RegExp(`^${API_PREFIX}${path.replace(/\{\w+\}/g, '[^/]+')}/?$`);
