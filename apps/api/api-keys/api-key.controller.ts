import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { ApiKeys } from './api-keys.ts';

type Routes = typeof ROUTES;

@Controller()
export class ApiKeyController {
  constructor(private readonly apiKeys: ApiKeys) {}

  @Needs('read')
  @Operation(ROUTES.whoAmI)
  whoAmI(@By() asking: Asking, @Input() _input: InputOf<Routes['whoAmI']>) {
    return this.apiKeys.whoAmI(asking);
  }

  @Needs('read')
  @Operation(ROUTES.listApiKeys)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listApiKeys']>) {
    return this.apiKeys.list(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.createApiKey)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createApiKey']>) {
    return this.apiKeys.create(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.deleteApiKey)
  delete(@By() asking: Asking, @Input() input: InputOf<Routes['deleteApiKey']>) {
    return this.apiKeys.delete(asking, input);
  }
}
