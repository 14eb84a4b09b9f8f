import { BadCharsetError, ImapSyntaxError, parseSearch, type SearchArguments, type SearchReturn } from '#protocol/imap';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { answerEsearch, answerSearch } from '../search/answer.ts';
import { filterOf } from '../search/filter.ts';
import { runSearch } from '../search/run.ts';

/** RFC 9051 §6.4.4; ESEARCH, RFC 4731. */
export const search: ImapCommand<SearchArguments> = {
  name: 'SEARCH',
  states: ['selected'],
  usesSequences: true,
  breaksSequences: false,
  rfc: 'RFC 9051 §6.4.4',
  parse: parseSearch,
  run: (session, args, reply) => run(session, args, reply, false),
};

export const uidSearch: ImapCommand<SearchArguments> = {
  ...search,
  name: 'UID SEARCH',
  breaksSequences: true,
  rfc: 'RFC 9051 §6.4.9',
  run: (session, args, reply) => run(session, args, reply, true),
};

/** In IMAP4rev2 there is no other answer than ESEARCH. RFC 9051 §7.3.4. */
const ALL: SearchReturn = { min: false, max: false, all: true, count: false, save: false, partial: null };

async function run(session: CommandSession, args: SearchArguments, reply: Reply, uid: boolean): Promise<void> {
  // RFC 9755 §3: everything is UTF-8 then, and a charset could only contradict it.
  if (args.charset !== null && session.enabled.has('UTF8=ACCEPT'))
    throw new ImapSyntaxError('CHARSET is not allowed once UTF8=ACCEPT is enabled');
  if (args.usesModSeq) session.enable('CONDSTORE');
  if (!args.charsetKnown) {
    if (args.result?.save) session.savedSearch = [];
    throw new BadCharsetError();
  }
  // RFC 5182 §2.1: a search that fails leaves nothing saved. `$` in its own keys still means the last one.
  const filter = await filterOf(session, args.key);
  if (args.result?.save) session.savedSearch = [];
  const found = await runSearch(session, filter);
  const wanted = args.result ?? (session.enabled.has('IMAP4REV2') ? ALL : null);
  if (wanted) await answerEsearch(session, found, wanted, { tag: reply.tag, uid, modSeq: args.usesModSeq });
  else answerSearch(session, found, { uid, modSeq: args.usesModSeq });
  reply.ok(`${uid ? 'UID ' : ''}SEARCH completed`);
}
