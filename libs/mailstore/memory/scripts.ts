import {
  type AccountId,
  type AccountScripts,
  canonicalScriptName,
  type FailedRun,
  MailStoreError,
  type Memory,
  type ModSeq,
  SCRIPT_TOMBSTONES_MAX,
  type ScriptChanges,
  type ScriptInfo,
  type StoredScript,
} from '#mailstore/api';
import { present, type RequestContext } from '#stdx';
import type { Account, MemoryState, Touch } from './state.ts';

export class MemoryScripts implements AccountScripts {
  constructor(private readonly state: MemoryState) {}

  async list(context: RequestContext, accountId: AccountId): Promise<readonly ScriptInfo[]> {
    return sorted(this.state.account(context, accountId)).map(infoOf);
  }

  async get(context: RequestContext, accountId: AccountId, name: string): Promise<StoredScript> {
    return find(this.state.account(context, accountId), name);
  }

  active(accountId: AccountId): StoredScript | undefined {
    this.state.assertOpen();
    return sorted(this.state.accounts.get(accountId)).find(({ isActive }) => isActive);
  }

  async put(context: RequestContext, accountId: AccountId, name: string, content: Uint8Array): Promise<ScriptInfo> {
    await this.assertRoom(context, accountId, name, content.length);
    return this.change(context, accountId, (account, touch) => {
      const canonical = canonicalScriptName(name, this.state.limits);
      const known = findMaybe(account, canonical);
      const { modSeq } = touch;
      const id = known?.id ?? modSeq;
      const fields = { id, name: canonical, bytes: content.length, createdModSeq: id, modSeq, fault: null };
      return save(account, { ...fields, isActive: known?.isActive ?? false, content: Buffer.from(content) });
    });
  }

  async assertRoom(context: RequestContext, accountId: AccountId, name: string, bytes: number): Promise<void> {
    const { limits } = this.state;
    const canonical = canonicalScriptName(name, limits);
    const account = this.state.account(context, accountId);
    if (bytes > limits.scriptBytesMax) throw new MailStoreError('limitExceeded', 'script is too large');
    const others = sorted(account).filter((script) => script.name !== canonical);
    if (others.length >= limits.scriptsMax) throw new MailStoreError('limitExceeded', 'scripts');
  }

  async rename(context: RequestContext, accountId: AccountId, from: string, to: string): Promise<ScriptInfo> {
    const name = canonicalScriptName(to, this.state.limits);
    const account = this.state.account(context, accountId);
    const script = find(account, from);
    if (script.name === name) return infoOf(script);
    if (findMaybe(account, name)) throw new MailStoreError('scriptExists');
    return this.change(context, accountId, (_, { modSeq }) => save(account, { ...script, name, modSeq }));
  }

  async activate(context: RequestContext, accountId: AccountId, name: string | null): Promise<void> {
    const account = this.state.account(context, accountId);
    const script = name === null ? undefined : find(account, name);
    const before = this.active(accountId);
    if (script?.id === before?.id) return;
    this.change(context, accountId, (_, { modSeq }) => {
      if (before) save(account, { ...before, isActive: false, modSeq });
      if (script) save(account, { ...script, isActive: true, modSeq });
    });
  }

  async delete(context: RequestContext, accountId: AccountId, name: string): Promise<void> {
    const account = this.state.account(context, accountId);
    const { id, isActive } = find(account, name);
    if (isActive) throw new MailStoreError('scriptActive');
    this.change(context, accountId, (_, { modSeq }) => {
      account.scripts.delete(id);
      account.goneScripts.push({ id, modSeq });
      if (account.goneScripts.length > SCRIPT_TOMBSTONES_MAX) account.goneScripts.shift();
    });
  }

  async changes(context: RequestContext, accountId: AccountId, since: ModSeq): Promise<ScriptChanges> {
    const account = this.state.account(context, accountId);
    const { goneScripts: gone, modSeq } = account;
    return {
      modSeq,
      changed: sorted(account)
        .filter((script) => script.modSeq > since)
        .map(infoOf),
      gone: gone.filter((each) => each.modSeq > since),
      exact: gone.length < SCRIPT_TOMBSTONES_MAX || since >= present(gone[0], 'tombstone').modSeq,
    };
  }

  async remembers(accountId: AccountId, key: string): Promise<boolean> {
    const account = this.state.accounts.get(accountId);
    return account !== undefined && isRemembered(this.state, account, key);
  }

  private change<T>(context: RequestContext, accountId: AccountId, run: (account: Account, touch: Touch) => T): T {
    const account = this.state.account(context, accountId);
    const touch = this.state.touch(account);
    const value = run(account, touch);
    this.state.publish([touch]);
    return value;
  }
}

/** Leaves word for its owner that the active script failed. */
export function noteFailure({ account, modSeq }: Touch, { at, message }: FailedRun): void {
  for (const script of account.scripts.values())
    if (script.isActive) save(account, { ...script, modSeq, fault: { at, message } });
}

const isRemembered = ({ clock }: MemoryState, { memories }: Account, key: string): boolean =>
  (memories.get(key)?.until ?? 0) > clock.now();

/** Remembers it, unless that is so already. Returns whether it is new. */
export function rememberOnce(state: MemoryState, touch: () => Touch, account: Account, memory: Memory): boolean {
  if (isRemembered(state, account, memory.key)) return false;
  remember(state, touch(), memory);
  return true;
}

/** Remembers it, until then or later. */
export function remember(state: MemoryState, { account, modSeq }: Touch, { key, until }: Memory): void {
  const { memories } = account;
  memories.set(key, { until: Math.max(until, memories.get(key)?.until ?? 0), modSeq });
  for (const [each, kept] of memories) if (kept.until <= state.clock.now()) memories.delete(each);
  const first = [...memories].filter(([each]) => each !== key).sort(([, a], [, b]) => a.until - b.until);
  for (const [each] of first.slice(0, Math.max(0, memories.size - state.limits.memoriesMax))) memories.delete(each);
}

const infoOf = ({ content: _, ...info }: StoredScript): ScriptInfo => info;

const sorted = (account: Account | undefined): readonly StoredScript[] =>
  [...(account?.scripts.values() ?? [])].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));

const findMaybe = (account: Account, name: string): StoredScript | undefined =>
  sorted(account).find((script) => script.name === name.normalize('NFC'));

function find(account: Account, name: string): StoredScript {
  const script = findMaybe(account, name);
  if (!script) throw new MailStoreError('scriptNotFound');
  return script;
}

function save(account: Account, script: StoredScript): ScriptInfo {
  account.scripts.set(script.id, script);
  return infoOf(script);
}
