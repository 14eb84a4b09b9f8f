/** The mail store in memory: for tests above the store, and the model other engines are compared with. */
export { MemoryMailStore, type MemoryMailStoreOptions } from './memory-mail-store.ts';
