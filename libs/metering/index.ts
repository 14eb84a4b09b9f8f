/** Usage events: facts with deterministic ids, written with the state change they count, inserted once for ever. */
export * from './outbox.ts';
export * from './usage-event.ts';
