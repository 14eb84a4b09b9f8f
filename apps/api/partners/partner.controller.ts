import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation, Version } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Partners } from './partners.ts';

type Routes = typeof ROUTES;

@Controller()
export class PartnerController {
  constructor(private readonly partners: Partners) {}

  @Needs('read')
  @Operation(ROUTES.listPartners)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listPartners']>) {
    return this.partners.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.createPartner)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createPartner']>) {
    return this.partners.create(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showPartner)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showPartner']>) {
    return this.partners.show(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.updatePartner)
  update(
    @By() asking: Asking,
    @Input() input: InputOf<Routes['updatePartner']>,
    @Version() version: number | undefined,
  ) {
    return this.partners.update(asking, input, version);
  }
}
