import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation, Version } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Aliases } from './aliases.ts';

type Routes = typeof ROUTES;

@Controller()
export class AliasController {
  constructor(private readonly aliases: Aliases) {}

  @Needs('read')
  @Operation(ROUTES.listAliases)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listAliases']>) {
    return this.aliases.list(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.createAlias)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createAlias']>) {
    return this.aliases.create(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showAlias)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showAlias']>) {
    return this.aliases.show(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.updateAlias)
  update(@By() asking: Asking, @Input() input: InputOf<Routes['updateAlias']>, @Version() version: number | undefined) {
    return this.aliases.update(asking, input, version);
  }

  @Needs('write')
  @Operation(ROUTES.deleteAlias)
  delete(@By() asking: Asking, @Input() input: InputOf<Routes['deleteAlias']>, @Version() version: number | undefined) {
    return this.aliases.delete(asking, input, version);
  }
}
