/** The REST API as data: schemas, error codes, routes, and the OpenAPI document made from them. */
export * from './alert.ts';
export * from './billing.ts';
export * from './billing-profile.ts';
export * from './cluster.ts';
export * from './directory.ts';
export * from './documents.ts';
export * from './member.ts';
export * from './move.ts';
export * from './openapi.ts';
export * from './page.ts';
export * from './payments.ts';
export * from './problem.ts';
export * from './route.ts';
export * from './routes.ts';
export * from './session.ts';
export * from './usage.ts';
export * from './webhooks.ts';
