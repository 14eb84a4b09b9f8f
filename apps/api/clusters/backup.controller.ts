import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { ClusterBackups } from './cluster-backups.ts';

type Routes = typeof ROUTES;

@Controller()
export class BackupController {
  constructor(private readonly backups: ClusterBackups) {}

  @Needs('operator')
  @Operation(ROUTES.listBackups)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listBackups']>) {
    return this.backups.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.createBackup)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createBackup']>) {
    return this.backups.create(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.repairVolume)
  repair(@By() asking: Asking, @Input() input: InputOf<Routes['repairVolume']>) {
    return this.backups.repair(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.restoreBackup)
  restore(@By() asking: Asking, @Input() input: InputOf<Routes['restoreBackup']>) {
    return this.backups.restore(asking, input);
  }
}
