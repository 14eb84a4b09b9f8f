import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation, Version } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { MonthToDate } from './month-to-date.ts';
import { Spend } from './spend.ts';

type Routes = typeof ROUTES;

@Controller()
export class SpendController {
  constructor(
    private readonly month: MonthToDate,
    private readonly spend: Spend,
  ) {}

  @Needs('read')
  @Operation(ROUTES.showMonthToDate)
  monthToDate(@By() asking: Asking, @Input() input: InputOf<Routes['showMonthToDate']>) {
    return this.month.show(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listMonthToDateResources)
  resources(@By() asking: Asking, @Input() input: InputOf<Routes['listMonthToDateResources']>) {
    return this.month.resources(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showSpendPolicy)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showSpendPolicy']>) {
    return this.spend.show(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.updateSpendPolicy)
  update(
    @By() asking: Asking,
    @Input() input: InputOf<Routes['updateSpendPolicy']>,
    @Version() version: number | undefined,
  ) {
    return this.spend.update(asking, input, version);
  }

  @Needs('write')
  @Operation(ROUTES.addSpendThreshold)
  addThreshold(@By() asking: Asking, @Input() input: InputOf<Routes['addSpendThreshold']>) {
    return this.spend.addThreshold(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.deleteSpendThreshold)
  deleteThreshold(@By() asking: Asking, @Input() input: InputOf<Routes['deleteSpendThreshold']>) {
    return this.spend.deleteThreshold(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listSpendAlerts)
  alerts(@By() asking: Asking, @Input() input: InputOf<Routes['listSpendAlerts']>) {
    return this.spend.alerts(asking, input);
  }
}
