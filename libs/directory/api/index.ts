/** The directory's ports: what the front door looks up, and what partners manage. */
export * from './address.ts';
export * from './lookup.ts';
export * from './model.ts';
export * from './page.ts';
export * from './password.ts';
export * from './password-secrets.ts';
export * from './registry.ts';
export * from './resolution.ts';
export * from './rules.ts';
export * from './secret.ts';
