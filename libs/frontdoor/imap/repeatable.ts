/**
 * Commands whose effect is the same said once or twice, and which answer the same the second time (RFC 9051 §6). FETCH may
 * set \Seen, and sets it again. EXPUNGE and CLOSE remove what is marked, and find nothing left. Not here: APPEND, COPY and
 * MOVE make a second copy; CREATE, DELETE and RENAME would find their own work and say NO.
 */
const REPEATABLE = new Set([
  'CAPABILITY',
  'NOOP',
  'ID',
  'LOGOUT',
  'ENABLE',
  'SELECT',
  'EXAMINE',
  'UNSELECT',
  'CLOSE',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'LIST',
  'LSUB',
  'NAMESPACE',
  'STATUS',
  'CHECK',
  'SEARCH',
  'SORT',
  'THREAD',
  'FETCH',
  'STORE',
  'EXPUNGE',
  'GETQUOTA',
  'GETQUOTAROOT',
  'GETMETADATA',
  'SETMETADATA',
  'SETACL',
  'DELETEACL',
  'GETACL',
  'LISTRIGHTS',
  'MYRIGHTS',
  'COMPRESS',
  'UNAUTHENTICATE',
]);

/** `text` is the whole command as sent, CRLF included. */
export function mayBeSaidAgain(
  unit: { readonly kind: 'command' | 'idle' | 'done' | 'continuation'; readonly name: string },
  text: Buffer,
): boolean {
  if (unit.kind !== 'command') return unit.kind !== 'continuation';
  const line = text.toString('latin1').toUpperCase();
  const name = unit.name === 'UID' ? (/^\S+ UID (\S+)/.exec(line)?.[1] ?? '') : unit.name;
  if (!REPEATABLE.has(name)) return false;
  // RFC 7162 §3.1.3: its own first attempt would make the second one fail with MODIFIED.
  return name !== 'STORE' || !line.includes('UNCHANGEDSINCE');
}
