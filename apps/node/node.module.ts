import { type DynamicModule, Module } from '@nestjs/common';
import { type Clock, type Logger, systemRandom } from '#stdx';
import { NodeService } from './node.service.ts';
import type { NodePlace } from './place.ts';
import type { NodeSettings } from './settings.ts';

/** The node's composition: one service over plain classes. */
@Module({})
export class NodeModule {
  static with(settings: NodeSettings, place: NodePlace, logger: Logger, clock: Clock): DynamicModule {
    return {
      module: NodeModule,
      providers: [
        { provide: NodeService, useFactory: () => new NodeService(settings, place, clock, systemRandom, logger) },
      ],
    };
  }
}
