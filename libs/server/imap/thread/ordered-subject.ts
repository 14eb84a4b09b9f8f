import { inTurns } from '../turns.ts';
import type { ThreadMessage } from './gather.ts';
import { sortSiblings, type ThreadNode } from './tree.ts';

/** Messages handled before others have their turn. */
const TURN = 5_000;

/** RFC 5256 §3 ORDEREDSUBJECT: messages of one base subject, the first by date their root, threads by the date of their root. */
export async function threadBySubject(messages: readonly ThreadMessage[]): Promise<readonly ThreadNode[]> {
  const nodes: ThreadNode[] = [];
  await inTurns(messages, TURN, (message) => nodes.push({ message, children: [] }));
  const roots = new Map<string, ThreadNode>();
  await inTurns(await sortSiblings(nodes), TURN, (node) => {
    const subject = node.message?.subject ?? '';
    const root = roots.get(subject);
    if (root) root.children.push(node);
    else roots.set(subject, node);
  });
  return [...roots.values()];
}
