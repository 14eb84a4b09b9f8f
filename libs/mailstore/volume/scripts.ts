import {
  type AccountId,
  type AccountScripts,
  canonicalScriptName,
  type FailedRun,
  MailStoreError,
  type MailStoreLimits,
  type ModSeq,
  SCRIPT_TOMBSTONES_MAX,
  type ScriptChanges,
  type ScriptInfo,
  type StoredScript,
} from '#mailstore/api';
import { asBuffer, type Clock, present, type RequestContext } from '#stdx';
import type { CommitLoop } from './commit-loop.ts';
import type { AccountEdit, Edit } from './edit.ts';
import type { IndexDb } from './index-db.ts';
import { remembers } from './memories.ts';
import type { Reads } from './reads.ts';

interface ScriptRow {
  readonly id: number;
  readonly name: string;
  readonly active: number;
  readonly modSeq: number;
  readonly bytes: number;
  readonly faultAt: number | null;
  readonly fault: string | null;
}

const COLUMNS = `s.id, s.name, s.active, s.mod_seq AS modSeq, length(s.content) AS bytes, s.fault_at AS faultAt,
  s.fault`;

const scriptInfo = ({ id, name, active, modSeq, bytes, faultAt, fault }: ScriptRow): ScriptInfo => ({
  ...{ id, name, isActive: active === 1, bytes, createdModSeq: id, modSeq },
  fault: faultAt === null || fault === null ? null : { at: faultAt, message: fault },
});

/** What scripts need of the volume. */
interface ScriptParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly reads: Reads;
  readonly limits: MailStoreLimits;
  readonly clock: Clock;
  readonly assertOpen: () => void;
}

export class VolumeScripts implements AccountScripts {
  constructor(private readonly parts: ScriptParts) {}

  list(context: RequestContext, accountId: AccountId): Promise<readonly ScriptInfo[]> {
    const { reads, index } = this.parts;
    const sql = `SELECT ${COLUMNS} FROM script s WHERE account = ? ORDER BY name`;
    return reads.shown(accountId, () =>
      index.all<ScriptRow>(sql, reads.accountRow(context, accountId).number).map(scriptInfo),
    );
  }

  get(context: RequestContext, accountId: AccountId, name: string): Promise<StoredScript> {
    const { reads, index } = this.parts;
    const sql = `SELECT ${COLUMNS}, content FROM script s WHERE account = ? AND name = ?`;
    return reads.shown(accountId, () => {
      const { number } = reads.accountRow(context, accountId);
      const row = index.get<ScriptRow & { content: Uint8Array }>(sql, number, name.normalize('NFC'));
      if (!row) throw new MailStoreError('scriptNotFound');
      return { ...scriptInfo(row), content: asBuffer(row.content) };
    });
  }

  active(accountId: AccountId): StoredScript | undefined {
    this.parts.assertOpen();
    const sql = `SELECT ${COLUMNS}, content FROM account a JOIN script s ON s.account = a.number AND s.active = 1
      WHERE a.id = ?`;
    const row = this.parts.index.get<ScriptRow & { content: Uint8Array }>(sql, accountId);
    return row && { ...scriptInfo(row), content: asBuffer(row.content) };
  }

  async put(context: RequestContext, accountId: AccountId, name: string, content: Uint8Array): Promise<ScriptInfo> {
    const canonical = this.nameOf(name);
    return this.commit(context, accountId, true, (edit, account) => {
      this.checkRoom(account.row.number, canonical, content.length);
      return put(edit, account, canonical, content);
    });
  }

  async assertRoom(context: RequestContext, accountId: AccountId, name: string, bytes: number): Promise<void> {
    const canonical = this.nameOf(name);
    const { reads } = this.parts;
    await reads.shown(accountId, () => this.checkRoom(reads.accountRow(context, accountId).number, canonical, bytes));
  }

  async rename(context: RequestContext, accountId: AccountId, from: string, to: string): Promise<ScriptInfo> {
    const target = this.nameOf(to);
    return this.commit(context, accountId, false, (edit, account) => {
      const script = find(edit, account, from);
      if (script.name === target) return scriptInfo(script);
      if (findMaybe(edit, account, target)) throw new MailStoreError('scriptExists');
      const modSeq = edit.touch(account);
      const sql = 'UPDATE script SET name = ?, mod_seq = ? WHERE account = ? AND id = ?';
      edit.scope.index.run(sql, target, modSeq, account.row.number, script.id);
      return scriptInfo({ ...script, name: target, modSeq });
    });
  }

  activate(context: RequestContext, accountId: AccountId, name: string | null): Promise<void> {
    return this.commit(context, accountId, false, (edit, account) => {
      const script = name === null ? undefined : find(edit, account, name);
      if (script?.active === 1) return;
      const { index } = edit.scope;
      const { number } = account.row;
      const was = index.get('SELECT 1 AS found FROM script WHERE account = ? AND active = 1', number) !== undefined;
      if (!script && !was) return;
      const modSeq = edit.touch(account);
      index.run('UPDATE script SET active = 0, mod_seq = ? WHERE account = ? AND active = 1', modSeq, number);
      if (!script) return;
      index.run('UPDATE script SET active = 1, mod_seq = ? WHERE account = ? AND id = ?', modSeq, number, script.id);
    });
  }

  delete(context: RequestContext, accountId: AccountId, name: string): Promise<void> {
    return this.commit(context, accountId, false, (edit, account) => {
      const { id, active } = find(edit, account, name);
      if (active === 1) throw new MailStoreError('scriptActive');
      bury(edit, account, id, edit.touch(account));
    });
  }

  changes(context: RequestContext, accountId: AccountId, since: ModSeq): Promise<ScriptChanges> {
    const { reads, index } = this.parts;
    const changed = `SELECT ${COLUMNS} FROM script s WHERE account = ? AND mod_seq > ? ORDER BY name`;
    const gone = 'SELECT id, mod_seq AS modSeq FROM script_gone WHERE account = ? ORDER BY mod_seq';
    return reads.shown(accountId, () => {
      const { number, modSeq } = reads.accountRow(context, accountId);
      const all = index.all<{ id: number; modSeq: number }>(gone, number);
      return {
        modSeq,
        changed: index.all<ScriptRow>(changed, number, since).map(scriptInfo),
        gone: all.filter((each) => each.modSeq > since).map(({ id, modSeq: at }) => ({ id, modSeq: at })),
        exact: all.length < SCRIPT_TOMBSTONES_MAX || since >= present(all[0], 'tombstone').modSeq,
      };
    });
  }

  remembers(accountId: AccountId, key: string): Promise<boolean> {
    const { reads, index, clock } = this.parts;
    return reads.shown(accountId, () => remembers(index, accountId, key, clock.now()));
  }

  private nameOf(name: string): string {
    return canonicalScriptName(name, this.parts.limits);
  }

  private checkRoom(account: number, name: string, bytes: number): void {
    const { index, limits } = this.parts;
    if (bytes > limits.scriptBytesMax) throw new MailStoreError('limitExceeded', 'script is too large');
    const sql = 'SELECT count(*) AS n FROM script WHERE account = ? AND name <> ?';
    if ((index.get<{ n: number }>(sql, account, name)?.n ?? 0) >= limits.scriptsMax)
      throw new MailStoreError('limitExceeded', 'scripts');
  }

  private async commit<T>(
    context: RequestContext,
    accountId: AccountId,
    grows: boolean,
    run: (edit: Edit, account: AccountEdit) => T,
  ): Promise<T> {
    return this.parts.loop.submit({
      ...{ contents: [], grows },
      run: (edit) => run(edit, edit.account(context, accountId)),
    });
  }
}

function findMaybe(edit: Edit, { row }: AccountEdit, name: string): ScriptRow | undefined {
  const sql = `SELECT ${COLUMNS} FROM script s WHERE account = ? AND name = ?`;
  return edit.scope.index.get<ScriptRow>(sql, row.number, name);
}

function find(edit: Edit, account: AccountEdit, name: string): ScriptRow {
  const script = findMaybe(edit, account, name.normalize('NFC'));
  if (!script) throw new MailStoreError('scriptNotFound');
  return script;
}

function put(edit: Edit, account: AccountEdit, name: string, content: Uint8Array): ScriptInfo {
  const { index } = edit.scope;
  const { number } = account.row;
  const known = findMaybe(edit, account, name);
  const modSeq = edit.touch(account);
  if (known) {
    const sql = `UPDATE script SET content = ?, mod_seq = ?, fault_at = NULL, fault = NULL
      WHERE account = ? AND id = ?`;
    index.run(sql, content, modSeq, number, known.id);
    return scriptInfo({ ...known, bytes: content.length, modSeq, faultAt: null, fault: null });
  }
  const sql = 'INSERT INTO script (account, id, name, active, mod_seq, content) VALUES (?, ?, ?, 0, ?, ?)';
  index.run(sql, number, modSeq, name, modSeq, content);
  return scriptInfo({ id: modSeq, name, active: 0, modSeq, bytes: content.length, faultAt: null, fault: null });
}

/** Leaves word for its owner that the active script failed. */
export function noteFailure(edit: Edit, account: AccountEdit, { at, message }: FailedRun): void {
  const sql = 'UPDATE script SET fault_at = ?, fault = ?, mod_seq = ? WHERE account = ? AND active = 1';
  edit.scope.index.run(sql, at, message, edit.touch(account), account.row.number);
}

/** Removes a script and leaves its tombstone, the last `SCRIPT_TOMBSTONES_MAX` of the account. */
export function bury(edit: Edit, { row }: AccountEdit, id: number, modSeq: ModSeq): void {
  const { index } = edit.scope;
  index.run('DELETE FROM script WHERE account = ? AND id = ?', row.number, id);
  index.run('INSERT OR REPLACE INTO script_gone (account, id, mod_seq) VALUES (?, ?, ?)', row.number, id, modSeq);
  index.run(
    `DELETE FROM script_gone WHERE (account, id) IN (SELECT account, id FROM script_gone WHERE account = ?
      ORDER BY mod_seq DESC LIMIT -1 OFFSET ?)`,
    ...[row.number, SCRIPT_TOMBSTONES_MAX],
  );
}
