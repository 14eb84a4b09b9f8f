/** Many session legs on one connection between a hub and a node. */
export * from './carrier.ts';
export type { Channel, ChannelUser } from './channel.ts';
export * from './read-slabs.ts';
export * from './settings.ts';
