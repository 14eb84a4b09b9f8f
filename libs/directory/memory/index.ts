/** The directory in memory: for tests and simulation. */
export { MemoryDirectory, type MemoryDirectoryOptions } from './directory.ts';
export type { MailboxEvent, MemoryCluster, MemoryVolume } from './tables.ts';
