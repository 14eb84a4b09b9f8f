import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { ClusterTiering } from './cluster-tiering.ts';

type Routes = typeof ROUTES;

@Controller()
export class TieringController {
  constructor(private readonly tiering: ClusterTiering) {}

  @Needs('operator')
  @Operation(ROUTES.showTiering)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showTiering']>) {
    return this.tiering.show(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.setTiering)
  set(@By() asking: Asking, @Input() input: InputOf<Routes['setTiering']>) {
    return this.tiering.set(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.runTiering)
  run(@By() asking: Asking, @Input() input: InputOf<Routes['runTiering']>) {
    return this.tiering.run(asking, input);
  }
}
