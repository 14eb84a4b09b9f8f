import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { systemClock } from '#stdx';
import { createLogger } from '#telemetry';
import { NodeModule } from './node.module.ts';
import { NodeService } from './node.service.ts';
import { takePlace } from './place.ts';
import { nodeSettingsSchema } from './settings.ts';

const settings = nodeSettingsSchema.parse(process.env);
const logger = createLogger('node', settings.ROOKERY_NODE_NAME, settings.ROOKERY_LOG_LEVEL);

const place = await takePlace(settings, systemClock, logger).catch((error: Error) => {
  logger.error({ error: error.message }, 'the node has no place in a cluster');
  process.exit(1);
});
const app = await NestFactory.createApplicationContext(NodeModule.with(settings, place, logger, systemClock), {
  logger: ['error', 'warn'],
  abortOnError: false,
});
const service = app.get(NodeService);
await service.start();

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    void service.stop().then(
      () => process.exit(0),
      (error: Error) => {
        logger.error({ error: error.message }, 'did not stop in order');
        process.exit(1);
      },
    );
  });
}
