import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Webhooks } from './webhooks.ts';

type Routes = typeof ROUTES;

@Controller()
export class WebhookController {
  constructor(private readonly webhooks: Webhooks) {}

  @Needs('read')
  @Operation(ROUTES.listWebhooks)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listWebhooks']>) {
    return this.webhooks.list(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.createWebhook)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createWebhook']>) {
    return this.webhooks.create(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.deleteWebhook)
  delete(@By() asking: Asking, @Input() input: InputOf<Routes['deleteWebhook']>) {
    return this.webhooks.delete(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listWebhookDeliveries)
  deliveries(@By() asking: Asking, @Input() input: InputOf<Routes['listWebhookDeliveries']>) {
    return this.webhooks.deliveries(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listInvoiceTasks)
  tasks(@By() asking: Asking, @Input() input: InputOf<Routes['listInvoiceTasks']>) {
    return this.webhooks.tasks(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.retryInvoiceTask)
  retry(@By() asking: Asking, @Input() input: InputOf<Routes['retryInvoiceTask']>) {
    return this.webhooks.retry(asking, input);
  }
}
