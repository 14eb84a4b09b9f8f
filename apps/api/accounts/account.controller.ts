import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation, Version } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Accounts } from './accounts.ts';

type Routes = typeof ROUTES;

@Controller()
export class AccountController {
  constructor(private readonly accounts: Accounts) {}

  @Needs('read')
  @Operation(ROUTES.listAccounts)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listAccounts']>) {
    return this.accounts.list(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.createAccount)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createAccount']>) {
    return this.accounts.create(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showAccount)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showAccount']>) {
    return this.accounts.show(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.updateAccount)
  update(
    @By() asking: Asking,
    @Input() input: InputOf<Routes['updateAccount']>,
    @Version() version: number | undefined,
  ) {
    return this.accounts.update(asking, input, version);
  }

  @Needs('write')
  @Operation(ROUTES.deleteAccount)
  delete(
    @By() asking: Asking,
    @Input() input: InputOf<Routes['deleteAccount']>,
    @Version() version: number | undefined,
  ) {
    return this.accounts.delete(asking, input, version);
  }
}
