import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Prices } from './prices.ts';

type Routes = typeof ROUTES;

@Controller()
export class PriceController {
  constructor(private readonly prices: Prices) {}

  @Needs('operator')
  @Operation(ROUTES.publishPriceList)
  publish(@By() asking: Asking, @Input() input: InputOf<Routes['publishPriceList']>) {
    return this.prices.publish(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.changeSubscription)
  change(@By() asking: Asking, @Input() input: InputOf<Routes['changeSubscription']>) {
    return this.prices.change(asking, input);
  }
}
