import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { ClusterQueue } from './cluster-queue.ts';

type Routes = typeof ROUTES;

@Controller()
export class QueueController {
  constructor(private readonly queue: ClusterQueue) {}

  @Needs('operator')
  @Operation(ROUTES.showQueue)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showQueue']>) {
    return this.queue.show(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.actOnQueueEntry)
  act(@By() asking: Asking, @Input() input: InputOf<Routes['actOnQueueEntry']>) {
    return this.queue.act(asking, input);
  }
}
