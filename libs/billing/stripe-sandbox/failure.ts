/** An answer that is a refusal, as Stripe words it. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly error: Readonly<Record<string, unknown>>,
  ) {
    super(String(error['message']));
  }
}

export const invalid = (message: string, param?: string): Refusal =>
  new Refusal(400, { type: 'invalid_request_error', message, ...(param === undefined ? {} : { param }) });

export const missing = (id: string): Refusal =>
  new Refusal(404, { type: 'invalid_request_error', code: 'resource_missing', message: `No such object: '${id}'` });

export const declined = (code: string, message: string, intent: object): Refusal =>
  new Refusal(402, {
    type: 'card_error',
    code,
    ...(code === 'card_declined' ? { decline_code: 'generic_decline' } : {}),
    message,
    payment_intent: intent,
  });
