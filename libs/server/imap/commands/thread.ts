import { parseThread } from '#protocol/imap';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { filterOf } from '../search/filter.ts';
import { runSearch } from '../search/run.ts';
import { gatherThreadMessages, type ThreadMessage } from '../thread/gather.ts';
import { threadBySubject } from '../thread/ordered-subject.ts';
import { threadByReferences } from '../thread/references.ts';
import { formatThread } from '../thread/tree.ts';
import { inTurns } from '../turns.ts';

type ThreadArguments = ReturnType<typeof parseThread>;

const ALGORITHMS = { REFERENCES: threadByReferences, ORDEREDSUBJECT: threadBySubject } as const;

const THREADS_A_TURN = 2_000;

/** RFC 5256 §3. */
export const thread: ImapCommand<ThreadArguments> = {
  name: 'THREAD',
  states: ['selected'],
  usesSequences: true,
  breaksSequences: false,
  rfc: 'RFC 5256 §3',
  parse: parseThread,
  run: (session, args, reply) => run(session, args, reply, false),
};

export const uidThread: ImapCommand<ThreadArguments> = {
  ...thread,
  name: 'UID THREAD',
  breaksSequences: true,
  run: (session, args, reply) => run(session, args, reply, true),
};

async function run(session: CommandSession, args: ThreadArguments, reply: Reply, uid: boolean): Promise<void> {
  if (args.usesModSeq) session.enable('CONDSTORE');
  const { view } = session;
  const { uids } = await runSearch(session, await filterOf(session, args.key));
  const threads = await ALGORITHMS[args.algorithm](await gatherThreadMessages(session, uids));
  let list = '';
  const number = (message: ThreadMessage): number => (uid ? message.uid : view.sequenceOf(message.uid));
  await inTurns(threads, THREADS_A_TURN, (root) => {
    list += formatThread(root, number);
  });
  session.out.untagged(`THREAD${list && ` ${list}`}`);
  reply.ok(`${uid ? 'UID ' : ''}THREAD completed`);
}
