import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Disputes } from './disputes.ts';

type Routes = typeof ROUTES;

@Controller()
export class DisputeController {
  constructor(private readonly disputes: Disputes) {}

  @Needs('write')
  @Operation(ROUTES.openDispute)
  open(@By() asking: Asking, @Input() input: InputOf<Routes['openDispute']>) {
    return this.disputes.open(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listDisputes)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listDisputes']>) {
    return this.disputes.list(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showDispute)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showDispute']>) {
    return this.disputes.show(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.commentDispute)
  comment(@By() asking: Asking, @Input() input: InputOf<Routes['commentDispute']>) {
    return this.disputes.comment(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.withdrawDispute)
  withdraw(@By() asking: Asking, @Input() input: InputOf<Routes['withdrawDispute']>) {
    return this.disputes.withdraw(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.resolveDispute)
  resolve(@By() asking: Asking, @Input() input: InputOf<Routes['resolveDispute']>) {
    return this.disputes.resolve(asking, input);
  }
}
