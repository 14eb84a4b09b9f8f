import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { ClusterNodes } from './cluster-nodes.ts';

type Routes = typeof ROUTES;

@Controller()
export class NodeController {
  constructor(private readonly nodes: ClusterNodes) {}

  @Needs('read')
  @Operation(ROUTES.listNodes)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listNodes']>) {
    return this.nodes.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.createNode)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createNode']>) {
    return this.nodes.create(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showNode)
  show(@By() asking: Asking, @Input() input: InputOf<Routes['showNode']>) {
    return this.nodes.show(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.updateNode)
  update(@By() asking: Asking, @Input() input: InputOf<Routes['updateNode']>) {
    return this.nodes.update(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.failBackNode)
  failBack(@By() asking: Asking, @Input() input: InputOf<Routes['failBackNode']>) {
    return this.nodes.failBack(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.drainNode)
  drain(@By() asking: Asking, @Input() input: InputOf<Routes['drainNode']>) {
    return this.nodes.drain(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.deleteNode)
  delete(@By() asking: Asking, @Input() input: InputOf<Routes['deleteNode']>) {
    return this.nodes.delete(asking, input);
  }
}
