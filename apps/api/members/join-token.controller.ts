import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { JoinTokens } from './join-tokens.ts';

type Routes = typeof ROUTES;

@Controller()
export class JoinTokenController {
  constructor(private readonly tokens: JoinTokens) {}

  @Needs('operator')
  @Operation(ROUTES.listJoinTokens)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listJoinTokens']>) {
    return this.tokens.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.createJoinToken)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createJoinToken']>) {
    return this.tokens.create(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.deleteJoinToken)
  delete(@By() asking: Asking, @Input() input: InputOf<Routes['deleteJoinToken']>) {
    return this.tokens.delete(asking, input);
  }
}
