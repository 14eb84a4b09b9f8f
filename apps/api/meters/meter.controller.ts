import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Findings } from './findings.ts';
import { Meters } from './meters.ts';

type Routes = typeof ROUTES;

@Controller()
export class MeterController {
  constructor(
    private readonly meters: Meters,
    private readonly findings: Findings,
  ) {}

  @Needs('read')
  @Operation(ROUTES.listMeters)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listMeters']>) {
    return this.meters.list(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.createMeter)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createMeter']>) {
    return this.meters.create(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.archiveMeter)
  archive(@By() asking: Asking, @Input() input: InputOf<Routes['archiveMeter']>) {
    return this.meters.archive(asking, input);
  }

  @Needs('usage')
  @Operation(ROUTES.sendUsageEvents)
  send(@By() asking: Asking, @Input() input: InputOf<Routes['sendUsageEvents']>) {
    return this.meters.send(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.listUsageFindings)
  listFindings(@By() asking: Asking, @Input() input: InputOf<Routes['listUsageFindings']>) {
    return this.findings.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.acceptUsageFinding)
  acceptFinding(@By() asking: Asking, @Input() input: InputOf<Routes['acceptUsageFinding']>) {
    return this.findings.accept(asking, input);
  }
}
