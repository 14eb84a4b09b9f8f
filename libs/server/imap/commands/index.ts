import type { ImapCommand } from '../command.ts';
import { deleteAcl, getAcl, listRights, myRights, setAcl } from './acl.ts';
import { append } from './append.ts';
import { capability } from './capability.ts';
import { close } from './close.ts';
import { compress } from './compress.ts';
import { copy, uidCopy } from './copy.ts';
import { create } from './create.ts';
import { deleteMailbox } from './delete.ts';
import { enable } from './enable.ts';
import { expunge, uidExpunge } from './expunge.ts';
import { fetch, uidFetch } from './fetch.ts';
import { id } from './id.ts';
import { idle } from './idle.ts';
import { list } from './list.ts';
import { logout } from './logout.ts';
import { lsub } from './lsub.ts';
import { getMetadata, setMetadata } from './metadata.ts';
import { move, uidMove } from './move.ts';
import { namespace } from './namespace.ts';
import { check, noop } from './noop.ts';
import { notify } from './notify.ts';
import { getQuota, getQuotaRoot } from './quota.ts';
import { rename } from './rename.ts';
import { replace, uidReplace } from './replace.ts';
import { search, uidSearch } from './search.ts';
import { examine, select } from './select.ts';
import { sort, uidSort } from './sort.ts';
import { status } from './status.ts';
import { store, uidStore } from './store.ts';
import { subscribe } from './subscribe.ts';
import { thread, uidThread } from './thread.ts';
import { unauthenticate } from './unauthenticate.ts';
import { unselect } from './unselect.ts';
import { unsubscribe } from './unsubscribe.ts';

/** The table: a row's arguments go from its own parser to its own `run`, so their type is nobody else's business. */
const ROWS = [
  ...[capability, noop, logout, id, enable, compress, unauthenticate],
  ...[
    select,
    examine,
    create,
    deleteMailbox,
    rename,
    subscribe,
    unsubscribe,
    list,
    lsub,
    namespace,
    status,
    append,
    idle,
    notify,
  ],
  ...[getQuota, getQuotaRoot, getMetadata, setMetadata],
  ...[setAcl, deleteAcl, getAcl, listRights, myRights],
  ...[check, close, unselect, expunge, uidExpunge, search, uidSearch, fetch, uidFetch, store, uidStore],
  ...[sort, uidSort, thread, uidThread],
  ...[copy, uidCopy, move, uidMove, replace, uidReplace],
] as readonly ImapCommand<unknown>[];

/** Every command of a signed-in session, by name. */
export const COMMANDS: ReadonlyMap<string, ImapCommand<unknown>> = new Map(ROWS.map((row) => [row.name, row]));
