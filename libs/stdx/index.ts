/** The ground floor: what every other floor may lean on, and nothing of ours beneath it. */
export * from './assert.ts';
export * from './bytes.ts';
export * from './clock.ts';
export * from './context.ts';
export * from './deferred.ts';
export * from './logger.ts';
export * from './random.ts';
export * from './release.ts';
export * from './result.ts';
export * from './turns.ts';
