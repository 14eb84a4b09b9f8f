import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation, Version } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { DomainPins } from './domain-pins.ts';
import { Domains } from './domains.ts';

type Routes = typeof ROUTES;

@Controller()
export class DomainController {
  constructor(
    private readonly domains: Domains,
    private readonly pins: DomainPins,
  ) {}

  @Needs('read')
  @Operation(ROUTES.listDomains)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listDomains']>) {
    return this.domains.list(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.createDomain)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createDomain']>) {
    return this.domains.create(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showDomain)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showDomain']>) {
    return this.domains.show(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.updateDomain)
  update(
    @By() asking: Asking,
    @Input() input: InputOf<Routes['updateDomain']>,
    @Version() version: number | undefined,
  ) {
    return this.domains.update(asking, input, version);
  }

  @Needs('write')
  @Operation(ROUTES.deleteDomain)
  delete(
    @By() asking: Asking,
    @Input() input: InputOf<Routes['deleteDomain']>,
    @Version() version: number | undefined,
  ) {
    return this.domains.delete(asking, input, version);
  }

  @Needs('operator')
  @Operation(ROUTES.showDomainPins)
  showPins(@By() asking: Asking, @Input() input: InputOf<Routes['showDomainPins']>) {
    return this.pins.show(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.pinDomain)
  pin(@By() asking: Asking, @Input() input: InputOf<Routes['pinDomain']>) {
    return this.pins.pin(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showDomainDns)
  dns(@By() asking: Asking, @Input() input: InputOf<Routes['showDomainDns']>) {
    return this.domains.dns(asking, input);
  }
}
