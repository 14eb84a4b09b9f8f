import { Controller, Headers, HttpCode, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { API_PREFIX } from '#api-schema';
import type { ApiRequest } from '../http/request.ts';
import { StripeDeliveries } from './stripe-deliveries.ts';

/** Where Stripe delivers its events. Its signature is the authentication; the answer says "kept" and no more. */
@Controller()
export class StripeWebhookController {
  constructor(private readonly deliveries: StripeDeliveries) {}

  @Post(`${API_PREFIX}/webhooks/stripe`)
  @HttpCode(200)
  take(@Req() request: RawBodyRequest<ApiRequest>, @Headers('stripe-signature') signature: string | undefined) {
    return this.deliveries.take(request.rawBody ?? Buffer.alloc(0), signature ?? '');
  }
}
