import { systemClock, systemRandom } from '#stdx';
import { createLogger } from '#telemetry';
import { startApi } from './server.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.env);
const logger = createLogger('api', 'api', settings.ROOKERY_LOG_LEVEL);
const api = await startApi(settings, { clock: systemClock, random: systemRandom, logger });
logger.info({ url: api.url, status: api.statusUrl }, 'listening');

let stopping = false;
const stop = (reason: string): void => {
  if (stopping) return;
  stopping = true;
  void api.close().then(() => {
    logger.info({ reason }, 'stopped');
    process.exit(0);
  });
};
process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGINT', () => stop('SIGINT'));
if (settings.ROOKERY_SUPERVISED) process.stdin.resume().on('end', () => stop('the supervisor is gone'));
