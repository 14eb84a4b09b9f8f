import { parseSort, type SortArguments } from '#protocol/imap';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { answerEsearch, answerSearch } from '../search/answer.ts';
import { filterOf } from '../search/filter.ts';
import { runSearch } from '../search/run.ts';
import { sortMessages } from '../sort/run.ts';

/** RFC 5256 §3; RETURN, RFC 5267 §3. */
export const sort: ImapCommand<SortArguments> = {
  name: 'SORT',
  states: ['selected'],
  usesSequences: true,
  breaksSequences: false,
  rfc: 'RFC 5256 §3',
  parse: parseSort,
  run: (session, args, reply) => run(session, args, reply, false),
};

export const uidSort: ImapCommand<SortArguments> = {
  ...sort,
  name: 'UID SORT',
  breaksSequences: true,
  run: (session, args, reply) => run(session, args, reply, true),
};

async function run(session: CommandSession, args: SortArguments, reply: Reply, uid: boolean): Promise<void> {
  const { result, criteria, usesModSeq } = args;
  if (usesModSeq) session.enable('CONDSTORE');
  const filter = await filterOf(session, args.key);
  if (result?.save) session.savedSearch = [];
  const { uids, modSeq } = await runSearch(session, filter);
  const found = { uids: await sortMessages(session, uids, criteria), modSeq };
  if (result) await answerEsearch(session, found, result, { tag: reply.tag, uid, modSeq: usesModSeq });
  else answerSearch(session, found, { uid, modSeq: usesModSeq }, 'SORT');
  reply.ok(`${uid ? 'UID ' : ''}SORT completed`);
}
