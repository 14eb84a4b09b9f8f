/** Usage events: facts with deterministic ids, written with the state change they count, inserted once for ever. */
export * from './batch.ts';
export * from './event-body.ts';
export * from './ingest.ts';
export * from './intervals.ts';
export * from './outbox.ts';
export * from './outbox-relay.ts';
export * from './postgres-metering.ts';
export * from './quarantine.ts';
export * from './rollup.ts';
export * from './storage-sample.ts';
export * from './usage-event.ts';
export * from './usage-evidence.ts';
export * from './usage-reader.ts';
export * from './usage-sender.ts';
