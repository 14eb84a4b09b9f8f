/** One suite for every engine behind `MailStore`. */

export { coldStorageContract, type OpenColdStorage } from './cold-storage.ts';
export type { ContractOptions, OpenStore } from './harness.ts';
export { mailStoreContract } from './mail-store-contract.ts';
export { searchContract } from './search.ts';
