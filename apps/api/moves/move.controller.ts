import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Moves } from './moves.ts';

type Routes = typeof ROUTES;

@Controller()
export class MoveController {
  constructor(private readonly moves: Moves) {}

  @Needs('operator')
  @Operation(ROUTES.listMoves)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listMoves']>) {
    return this.moves.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.createMove)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createMove']>) {
    return this.moves.create(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.showMove)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showMove']>) {
    return this.moves.show(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.cancelMove)
  cancel(@By() asking: Asking, @Input() input: InputOf<Routes['cancelMove']>) {
    return this.moves.cancel(asking, input);
  }
}
