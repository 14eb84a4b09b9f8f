import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { systemClock } from '#stdx';
import { createLogger, StatusServer } from '#telemetry';
import { hubModule } from './hub.module.ts';
import { Hub } from './hub.ts';
import { hubMetrics } from './metrics.ts';
import { takePlace } from './place.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.env);
const logger = createLogger('hub', settings.name, settings.logLevel);

try {
  await start();
} catch (error) {
  logger.error({ err: error }, 'hub could not start');
  process.exit(1);
}

async function start(): Promise<void> {
  let hub: Hub | undefined;
  const status = new StatusServer(() => hub?.readiness() ?? { ready: false, reason: 'starting' });
  await status.listen(settings.host, settings.ports.status);
  const place = await takePlace(settings, systemClock, logger);
  const app = await NestFactory.createApplicationContext(hubModule({ ...settings, ...place }, logger), {
    logger: false,
    abortOnError: false,
  });
  const started = app.get(Hub);
  hub = started;
  hubMetrics(status.registry, started.figures());
  stopWith(async () => {
    await started.stop();
    await app.close();
    await status.close();
  });
  await started.start();
  logger.info({ ports: settings.ports }, 'hub started');
}

/** Stops once, on a signal or when the supervisor that started us is gone. */
function stopWith(stop: () => Promise<void>): void {
  let stopping = false;
  const once = (why: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ why }, 'hub stops');
    stop()
      .then(() => process.exit(0))
      .catch((error: unknown) => {
        logger.error({ err: error }, 'hub did not stop cleanly');
        process.exit(1);
      });
  };
  process.once('SIGTERM', () => once('SIGTERM'));
  process.once('SIGINT', () => once('SIGINT'));
  if (settings.supervised) process.stdin.resume().once('end', () => once('supervisor gone'));
}
