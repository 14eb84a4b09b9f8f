import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation, Version } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { BillingProfiles } from './billing-profiles.ts';

type Routes = typeof ROUTES;

@Controller()
export class BillingProfileController {
  constructor(private readonly profiles: BillingProfiles) {}

  @Needs('read')
  @Operation(ROUTES.showBillingProfile)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showBillingProfile']>) {
    return this.profiles.show(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.updateBillingProfile)
  update(
    @By() asking: Asking,
    @Input() input: InputOf<Routes['updateBillingProfile']>,
    @Version() version: number | undefined,
  ) {
    return this.profiles.update(asking, input, version);
  }

  @Needs('operator')
  @Operation(ROUTES.showBillingSeller)
  showSeller() {
    return this.profiles.showSeller();
  }

  @Needs('operator')
  @Operation(ROUTES.updateBillingSeller)
  updateSeller(@Input() input: InputOf<Routes['updateBillingSeller']>, @Version() version: number | undefined) {
    return this.profiles.updateSeller(input, version);
  }
}
