/** Usage events: facts with deterministic ids, written with the state change they count. */
export * from './usage-event.ts';
