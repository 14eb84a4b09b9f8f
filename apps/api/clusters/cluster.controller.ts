import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Clusters } from './clusters.ts';
import { Rebalance } from './rebalance.ts';

type Routes = typeof ROUTES;

@Controller()
export class ClusterController {
  constructor(
    private readonly clusters: Clusters,
    private readonly rebalancing: Rebalance,
  ) {}

  @Needs('read')
  @Operation(ROUTES.listClusters)
  list(@By() asking: Asking, @Input() _input: InputOf<Routes['listClusters']>) {
    return this.clusters.list(asking);
  }

  @Needs('operator')
  @Operation(ROUTES.createCluster)
  create(@By() asking: Asking, @Input() input: InputOf<Routes['createCluster']>) {
    return this.clusters.create(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.updateCluster)
  update(@By() asking: Asking, @Input() input: InputOf<Routes['updateCluster']>) {
    return this.clusters.update(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.raiseFeatureLevel)
  raiseFeatureLevel(@By() asking: Asking, @Input() input: InputOf<Routes['raiseFeatureLevel']>) {
    return this.clusters.raiseFeatureLevel(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showClusterStatus)
  status(@By() asking: Asking, @Input() input: InputOf<Routes['showClusterStatus']>) {
    return this.clusters.status(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listClusterEvents)
  events(@By() asking: Asking, @Input() input: InputOf<Routes['listClusterEvents']>) {
    return this.clusters.events(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.adviseRebalance)
  adviseRebalance(@By() asking: Asking, @Input() input: InputOf<Routes['adviseRebalance']>) {
    return this.rebalancing.advise(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.rebalance)
  rebalance(@By() asking: Asking, @Input() input: InputOf<Routes['rebalance']>) {
    return this.rebalancing.carryOut(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listHubs)
  hubs(@By() asking: Asking, @Input() input: InputOf<Routes['listHubs']>) {
    return this.clusters.hubs(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.deleteHub)
  deleteHub(@By() asking: Asking, @Input() input: InputOf<Routes['deleteHub']>) {
    return this.clusters.deleteHub(asking, input);
  }
}
