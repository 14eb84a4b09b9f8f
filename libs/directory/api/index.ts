/** The directory's ports: what the front door looks up, and what partners manage. */
export * from './lookup.ts';
export * from './model.ts';
export * from './registry.ts';
