import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { API_PREFIX } from '#api-schema';
import { etagOf } from './if-match.ts';
import { routeOf } from './operation.ts';
import { RefusalError, type Reply, refusalOf } from './refusal.ts';
import type { ApiResponse } from './request.ts';

/** Turns what a use case came to into a body, an ETag and a Location, or a refusal. */
@Injectable()
export class ReplyInterceptor implements NestInterceptor<Reply<unknown>, unknown> {
  intercept(execution: ExecutionContext, next: CallHandler<Reply<unknown>>): Observable<unknown> {
    const route = routeOf(execution.getHandler());
    if (!route) return next.handle();
    const response = execution.switchToHttp().getResponse<ApiResponse>();
    return next.handle().pipe(
      map((reply) => {
        if (!reply.ok) throw new RefusalError(refusalOf(reply.error));
        const value = (reply.value ?? {}) as { readonly id?: string; readonly version?: number };
        if (route.versioned && value.version !== undefined) response.setHeader('ETag', etagOf(value.version));
        if (route.versioned && route.status === 201 && value.id !== undefined)
          response.setHeader('Location', `${API_PREFIX}${route.path}/${value.id}`);
        return reply.value;
      }),
    );
  }
}
