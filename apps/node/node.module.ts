import { type DynamicModule, Module } from '@nestjs/common';
import { type Clock, type Logger, systemRandom } from '#stdx';
import { NodeService } from './node.service.ts';
import type { NodeSettings } from './settings.ts';

/** The node's composition: one service over plain classes. */
@Module({})
export class NodeModule {
  static with(settings: NodeSettings, logger: Logger, clock: Clock): DynamicModule {
    return {
      module: NodeModule,
      providers: [{ provide: NodeService, useFactory: () => new NodeService(settings, clock, systemRandom, logger) }],
    };
  }
}
