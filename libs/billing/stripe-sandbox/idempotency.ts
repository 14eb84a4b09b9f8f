import { Refusal } from './failure.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Keys are kept for a day at least; here for as long as the server lives or a test says. */
export class IdempotencyKeys {
  private readonly answers = new Map<string, { readonly request: string; readonly answer: Answer }>();

  /** The answer given before under the key, failures of the server included. */
  find(key: string, request: string): Answer | undefined {
    const kept = this.answers.get(key);
    if (!kept) return undefined;
    if (kept.request !== request)
      throw new Refusal(400, {
        type: 'idempotency_error',
        message: 'Keys for idempotent requests can only be used with the same parameters they were first used with.',
      });
    return kept.answer;
  }

  /** Refusals of the parameters are not kept: nothing was begun. */
  keep(key: string, request: string, answer: Answer): void {
    if (answer.status !== 400) this.answers.set(key, { request, answer });
  }

  forget(): void {
    this.answers.clear();
  }
}
