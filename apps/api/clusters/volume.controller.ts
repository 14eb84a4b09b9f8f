import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { ClusterVolumes } from './cluster-volumes.ts';

type Routes = typeof ROUTES;

@Controller()
export class VolumeController {
  constructor(private readonly volumes: ClusterVolumes) {}

  @Needs('read')
  @Operation(ROUTES.listVolumes)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listVolumes']>) {
    return this.volumes.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.createVolume)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createVolume']>) {
    return this.volumes.create(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showVolume)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showVolume']>) {
    return this.volumes.show(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.updateVolume)
  update(@By() asking: Asking, @Input() input: InputOf<Routes['updateVolume']>) {
    return this.volumes.update(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.moveVolume)
  move(@By() asking: Asking, @Input() input: InputOf<Routes['moveVolume']>) {
    return this.volumes.move(asking, input);
  }
}
