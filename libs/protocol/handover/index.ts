/** Between hub and node: a signed preface says who connects, frames carry many sessions on one connection. Pure codec. */
export * from './carrier-frames.ts';
export * from './hub-request.ts';
export * from './mark.ts';
export * from './opening.ts';
export * from './preface.ts';
export * from './route.ts';
export * from './rpc.ts';
