import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Payments } from './payments.ts';
import { Refunds } from './refunds.ts';

type Routes = typeof ROUTES;

@Controller()
export class PaymentController {
  constructor(
    private readonly payments: Payments,
    private readonly refunds: Refunds,
  ) {}

  @Needs('write')
  @Operation(ROUTES.beginPaymentSetup)
  beginSetup(@By() asking: Asking, @Input() input: InputOf<Routes['beginPaymentSetup']>) {
    return this.payments.beginSetup(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listPaymentMethods)
  methods(@By() asking: Asking, @Input() input: InputOf<Routes['listPaymentMethods']>) {
    return this.payments.methods(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.choosePaymentMethod)
  choose(@By() asking: Asking, @Input() input: InputOf<Routes['choosePaymentMethod']>) {
    return this.payments.choose(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.deletePaymentMethod)
  forget(@By() asking: Asking, @Input() input: InputOf<Routes['deletePaymentMethod']>) {
    return this.payments.forget(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listPayments)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listPayments']>) {
    return this.payments.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.recordPayment)
  record(@By() asking: Asking, @Input() input: InputOf<Routes['recordPayment']>) {
    return this.payments.record(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.createRefund)
  giveBack(@By() asking: Asking, @Input() input: InputOf<Routes['createRefund']>) {
    return this.refunds.create(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listRefunds)
  listRefunds(@By() asking: Asking, @Input() input: InputOf<Routes['listRefunds']>) {
    return this.refunds.list(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listPaymentAttempts)
  attempts(@By() asking: Asking, @Input() input: InputOf<Routes['listPaymentAttempts']>) {
    return this.payments.attempts(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.collectInvoice)
  collect(@By() asking: Asking, @Input() input: InputOf<Routes['collectInvoice']>) {
    return this.payments.collect(asking, input);
  }
}
