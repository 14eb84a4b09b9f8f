import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Database } from '#database';
import type { Logger } from '#stdx';
import { createLogger, StatusServer } from '#telemetry';
import { billingModule } from './billing.module.ts';
import { OutboxLoop } from './outbox-loop.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.env);
const logger = createLogger('billing', 'billing', settings.logLevel);

try {
  await start();
} catch (error) {
  logger.error({ error: (error as Error).message }, 'billing could not start');
  process.exitCode = 1;
}

async function start(): Promise<void> {
  let loop: OutboxLoop | undefined;
  const status = new StatusServer(() =>
    !loop || loop.failure !== undefined ? { ready: false, reason: loop?.failure ?? 'starting' } : { ready: true },
  );
  const app = await NestFactory.createApplicationContext(billingModule(settings, logger, status.registry), {
    logger: false,
    abortOnError: false,
  });
  loop = app.get(OutboxLoop);
  const port = await status.listen(settings.host, settings.statusPort);
  logger.info({ port }, 'billing started');
  stopWith(logger, async () => {
    await app.close();
    await app.get(Database).close();
    await status.close();
  });
}

/** Stops once, on a signal or when the supervisor that started us is gone. */
function stopWith(log: Logger, stop: () => Promise<void>): void {
  let stopping = false;
  const once = (why: string): void => {
    if (stopping) return;
    stopping = true;
    void stop()
      .then(() => log.info({ why }, 'billing stopped'))
      .catch((error: Error) => {
        log.error({ why, error: error.message }, 'billing did not stop cleanly');
        process.exitCode = 1;
      })
      .finally(() => process.stdin.destroy());
  };
  process.once('SIGTERM', () => once('SIGTERM'));
  process.once('SIGINT', () => once('SIGINT'));
  if (settings.supervised) process.stdin.resume().once('end', () => once('supervisor gone'));
}
