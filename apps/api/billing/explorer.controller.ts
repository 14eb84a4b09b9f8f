import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { streamed } from './document.controller.ts';
import { Explorer } from './explorer.ts';

type Routes = typeof ROUTES;

@Controller()
export class ExplorerController {
  constructor(private readonly explorer: Explorer) {}

  @Needs('read')
  @Operation(ROUTES.showInvoiceLine)
  line(@By() asking: Asking, @Input() input: InputOf<Routes['showInvoiceLine']>) {
    return this.explorer.line(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listInvoiceEvidence)
  async evidence(@By() asking: Asking, @Input() input: InputOf<Routes['listInvoiceEvidence']>) {
    return streamed(await this.explorer.evidence(asking, input));
  }
}
