/** Stripe's API on one's own machine, for tests and the demo: checks what it is asked, fails when told to. */
export { signature } from './notices.ts';
export type { SandboxSnapshot } from './store.ts';
export * from './stripe-sandbox.ts';
export type { TestMethod } from './test-methods.ts';
