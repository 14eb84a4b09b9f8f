/** What every process shows of itself: logs, /healthz, /readyz, /metrics. */
export * from './logger.ts';
export * from './status-server.ts';
