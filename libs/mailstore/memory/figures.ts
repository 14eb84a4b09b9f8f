import { type MailStoreHealth, NO_TEXT_INDEX, NO_UPKEEP, type StoredBytes } from '#mailstore/api';
import { accountInfo, type MemoryState } from './state.ts';

export function healthOf(state: MemoryState): MailStoreHealth {
  const infos = [...state.accounts.values()].map(accountInfo);
  return {
    writable: !state.closed,
    commits: state.commits,
    messagesStored: infos.reduce((sum, { messages }) => sum + messages, 0),
    pendingOperations: 0,
    lastCommitMs: 0,
    lastSyncMs: 0,
    upkeep: NO_UPKEEP,
    textIndex: NO_TEXT_INDEX,
  };
}

export function bytesByPartner(state: MemoryState): readonly StoredBytes[] {
  const bytes = new Map<string, number>();
  for (const { spec, usedBytes } of state.admitted)
    bytes.set(spec.partnerId, (bytes.get(spec.partnerId) ?? 0) + usedBytes);
  return [...bytes].map(([partnerId, total]) => ({ partnerId, bytes: total, coldBytes: 0 }));
}
