import type { IndexDb } from '../index-db.ts';

/**
 * Numbers given out between a backup and its restore are not known any more and must not be given out again: mailboxes take a new
 * uidValidity (RFC 9051 §2.3.1.1), counters leap further than anybody will have got, and clients that ask what changed are told to look anew.
 */
const LEAP = { modSeq: 1_000_000_000, messages: 1_000_000, mailboxes: 10_000 } as const;

/** Of one account by its number, or of all. `nowSeconds`: since the epoch. */
export function renewNumbers(index: IndexDb, nowSeconds: number, account?: number): void {
  const where = account === undefined ? '' : 'WHERE number = ?2';
  const of = account === undefined ? '' : 'WHERE account = ?2';
  const parameters = account === undefined ? [] : [account];
  index.run(
    `UPDATE account SET mod_seq = mod_seq + ${LEAP.modSeq}, next_message = next_message + ${LEAP.messages},
      next_mailbox = next_mailbox + ${LEAP.mailboxes},
      last_uid_validity = max(?1, last_uid_validity) + ${LEAP.mailboxes} ${where}`,
    ...[nowSeconds, ...parameters],
  );
  index.run(
    `UPDATE mailbox SET mod_seq = mod_seq + ${LEAP.modSeq}, forgotten_mod_seq = mod_seq + ${LEAP.modSeq},
      uid_validity = max(?1, uid_validity) + id ${of}`,
    ...[nowSeconds, ...parameters],
  );
}
