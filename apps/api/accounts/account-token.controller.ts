import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { AccountTokens } from './account-tokens.ts';

type Routes = typeof ROUTES;

@Controller()
export class AccountTokenController {
  constructor(private readonly tokens: AccountTokens) {}

  @Needs('read')
  @Operation(ROUTES.listAccountTokens)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listAccountTokens']>) {
    return this.tokens.list(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.createAccountToken)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createAccountToken']>) {
    return this.tokens.create(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.deleteAccountToken)
  delete(@By() asking: Asking, @Input() input: InputOf<Routes['deleteAccountToken']>) {
    return this.tokens.delete(asking, input);
  }
}
