import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { streamed } from './document.controller.ts';
import { Invoices } from './invoices.ts';

type Routes = typeof ROUTES;

@Controller()
export class InvoiceController {
  constructor(private readonly invoices: Invoices) {}

  @Needs('read')
  @Operation(ROUTES.listInvoices)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listInvoices']>) {
    return this.invoices.list(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showInvoice)
  async show(@By() asking: Asking, @Input() input: InputOf<Routes['showInvoice']>) {
    const { format = 'json' } = input.query;
    if (format === 'json') return this.invoices.show(asking, input);
    return streamed(await this.invoices.file(asking, input, format));
  }

  @Needs('write')
  @Operation(ROUTES.approveInvoice)
  approve(@By() asking: Asking, @Input() input: InputOf<Routes['approveInvoice']>) {
    return this.invoices.approve(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.retryInvoice)
  retry(@By() asking: Asking, @Input() input: InputOf<Routes['retryInvoice']>) {
    return this.invoices.retry(asking, input);
  }
}
