import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, concatMap, from, type Observable, of } from 'rxjs';
import { ERRORS } from '#api-schema';
import { present, type Random } from '#stdx';
import { type Refusal, RefusalError, refusalOfThrown } from '../http/refusal.ts';
import { type ApiRequest, type ApiResponse, pathOf } from '../http/request.ts';
import type { ReplayStore, RequestIdentity } from './replay-store.ts';
import { type KeptAnswer, requestHash, seal, unseal } from './seal.ts';

/** 1 to 255 visible characters; the draft (draft-ietf-httpapi-idempotency-key-header) leaves form and length to the server. */
const KEY = /^[\x21-\x7e]{1,255}$/;
const KEPT_HEADERS = ['ETag', 'Location'];

/** Does a POST with an Idempotency-Key once, and gives its answer again to every repetition for a day. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly store: ReplayStore,
    private readonly random: Random,
  ) {}

  async intercept(execution: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = execution.switchToHttp().getRequest<ApiRequest>();
    const given = request.headers['idempotency-key'];
    if (request.method !== 'POST' || given === undefined) return next.handle();
    const idempotencyKey = String(given);
    if (!KEY.test(idempotencyKey))
      throw new RefusalError({
        code: 'invalid_request',
        errors: [{ field: 'Idempotency-Key', reason: '1 to 255 visible ASCII characters' }],
      });
    const { key, secret } = present(request.asking, 'the guard’s finding');
    const identity: RequestIdentity = {
      apiKeyId: key.id,
      partnerId: key.partnerId,
      idempotencyKey,
      requestHash: requestHash(request.method, pathOf(request), request.body),
    };
    const response = execution.switchToHttp().getResponse<ApiResponse>();
    const attempt = await this.store.begin(identity);
    switch (attempt.kind) {
      case 'running':
        throw new RefusalError({ code: 'idempotency_in_progress' });
      case 'reused':
        throw new RefusalError({ code: 'idempotency_key_reused' });
      case 'replay':
        return of(replay(unseal(attempt.sealed, secret, idempotencyKey), response));
      case 'first':
        return this.first(identity, secret, response, next);
    }
  }

  private first(
    identity: RequestIdentity,
    secret: string,
    response: ApiResponse,
    next: CallHandler,
  ): Observable<unknown> {
    const keep = (answer: KeptAnswer): Promise<void> =>
      this.store.finish(identity, seal(answer, secret, identity.idempotencyKey, this.random));
    return next.handle().pipe(
      concatMap(async (body: unknown) => {
        await keep({ status: 200, headers: keptHeaders(response), body });
        return body;
      }),
      catchError((error: unknown) => {
        const refusal = refusalOfThrown(error);
        // A refusal is an answer and stays one; a fault of ours or of the moment is none, and may be tried again.
        const settled = refusal !== undefined && ERRORS[refusal.code].status < 500;
        const after = settled
          ? keep({ status: ERRORS[refusal.code].status, headers: {}, body: refusal })
          : this.store.abandon(identity);
        return from(
          after.then(() => {
            throw error;
          }),
        );
      }),
    );
  }
}

function replay(answer: KeptAnswer, response: ApiResponse): unknown {
  response.setHeader('Idempotent-Replayed', 'true');
  if (answer.status >= 400) throw new RefusalError(answer.body as Refusal);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  return answer.body;
}

function keptHeaders(response: ApiResponse): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = response.getHeader(name);
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}
