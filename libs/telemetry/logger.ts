import { pino } from 'pino';
import type { Logger } from '#stdx';

/** JSON lines on standard error, one `app` and `name` in each. Level by setting; default `info`. */
export function createLogger(app: string, name: string, level = 'info'): Logger {
  return pino({ level, base: { app, name } }, pino.destination({ dest: 2, sync: true }));
}
