import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { TaxTerms } from './tax-terms.ts';
import { Terms } from './terms.ts';

type Routes = typeof ROUTES;

@Controller()
export class TermsController {
  constructor(
    private readonly terms: Terms,
    private readonly taxes: TaxTerms,
  ) {}

  @Needs('operator')
  @Operation(ROUTES.cancelSubscription)
  cancelSubscription(@By() asking: Asking, @Input() input: InputOf<Routes['cancelSubscription']>) {
    return this.terms.cancelSubscription(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listCommitments)
  listCommitments(@By() asking: Asking, @Input() input: InputOf<Routes['listCommitments']>) {
    return this.terms.listCommitments(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.addCommitment)
  addCommitment(@By() asking: Asking, @Input() input: InputOf<Routes['addCommitment']>) {
    return this.terms.addCommitment(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.endCommitment)
  endCommitment(@By() asking: Asking, @Input() input: InputOf<Routes['endCommitment']>) {
    return this.terms.endCommitment(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listCoupons)
  listCoupons(@By() asking: Asking, @Input() input: InputOf<Routes['listCoupons']>) {
    return this.terms.listCoupons(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.addCoupon)
  addCoupon(@By() asking: Asking, @Input() input: InputOf<Routes['addCoupon']>) {
    return this.terms.addCoupon(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.endCoupon)
  endCoupon(@By() asking: Asking, @Input() input: InputOf<Routes['endCoupon']>) {
    return this.terms.endCoupon(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showTaxTreatment)
  showTaxTreatment(@By() asking: Asking, @Input() input: InputOf<Routes['showTaxTreatment']>) {
    return this.taxes.showTaxTreatment(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.setTaxTreatment)
  setTaxTreatment(@By() asking: Asking, @Input() input: InputOf<Routes['setTaxTreatment']>) {
    return this.taxes.setTaxTreatment(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listBillingChanges)
  listBillingChanges(@By() asking: Asking, @Input() input: InputOf<Routes['listBillingChanges']>) {
    return this.terms.listBillingChanges(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.listTaxRates)
  listTaxRates(@By() asking: Asking, @Input() input: InputOf<Routes['listTaxRates']>) {
    return this.taxes.listTaxRates(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.setTaxRate)
  setTaxRate(@By() asking: Asking, @Input() input: InputOf<Routes['setTaxRate']>) {
    return this.taxes.setTaxRate(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.withdrawTaxRate)
  withdrawTaxRate(@By() asking: Asking, @Input() input: InputOf<Routes['withdrawTaxRate']>) {
    return this.taxes.withdrawTaxRate(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.listTaxRateChanges)
  listTaxRateChanges(@By() asking: Asking, @Input() input: InputOf<Routes['listTaxRateChanges']>) {
    return this.taxes.listTaxRateChanges(asking, input);
  }
}
