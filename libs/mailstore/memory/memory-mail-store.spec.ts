import { mailStoreContract } from '#mailstore/contract';
import { messageParser } from '#protocol/message';
import { MemoryMailStore } from './memory-mail-store.ts';

mailStoreContract('memory', async ({ clock, limits }) => ({
  store: new MemoryMailStore({ parse: () => messageParser(), clock, limits }),
}));
