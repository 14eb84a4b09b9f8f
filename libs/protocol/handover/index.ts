/** The leg between hub and node: a signed preface says whose session it is, frames carry it. Pure codec. */
export * from './frames.ts';
export * from './hub-request.ts';
export * from './mark.ts';
export * from './preface.ts';
export * from './route.ts';
export * from './rpc.ts';
