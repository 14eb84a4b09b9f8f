import type { RedisOptions } from 'bullmq';

/** How BullMQ reaches Redis: commands of a worker wait for its return for ever instead of failing after some tries. */
export const redisConnection = (url: string): RedisOptions => ({ url, maxRetriesPerRequest: null });
