import { MailStoreError } from '#mailstore/api';
import { okLine, parseNothing } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';
import { Pop3Refusal } from '../errors.ts';

/** Deletes what is marked, and ends. RFC 1939 §6: the session ends even when that fails. */
export const quit: Pop3Command<void> = {
  name: 'QUIT',
  rfc: 'RFC 1939 §6',
  parse: parseNothing,
  async run(session) {
    const { store, context, maildrop, out } = session;
    const marked = maildrop.deleted();
    try {
      if (marked.length > 0) await store.expunge(context, maildrop.ref, marked, { any: true });
    } catch (error) {
      if (!(error instanceof MailStoreError) || error.code === 'unavailable' || error.code === 'stale') throw error;
      session.quit();
      throw new Pop3Refusal('SYS/TEMP', 'Some deleted messages were not removed');
    }
    session.quit();
    out.raw(okLine('Goodbye'));
  },
};
