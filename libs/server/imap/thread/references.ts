import { setImmediate as nextTurn } from 'node:timers/promises';
import { inTurns } from '../turns.ts';
import type { ThreadMessage } from './gather.ts';
import { ReferenceLinks } from './reference-links.ts';
import { firstMessage, sortSiblings, type ThreadNode } from './tree.ts';

/** Messages handled before others have their turn: a few milliseconds. */
const TURN = 2_000;

/** RFC 5256 §3 REFERENCES: by who answers whom, and then by subject where that was not said. */
export async function threadByReferences(messages: readonly ThreadMessage[]): Promise<readonly ThreadNode[]> {
  const links = new ReferenceLinks();
  await inTurns(messages, TURN, (message) => links.add(message));
  const roots = await rootsOf(links, messages);
  const merged = await mergeSubjects(await sortSiblings(roots));
  // Merging added to the children of roots, and of what a gathered root holds.
  await sortChildren(merged);
  await sortChildren(merged.flatMap(({ message, children }) => (message ? [] : children)));
  return sortSiblings(merged);
}

/** The trees, every row of siblings but the roots in order. */
async function rootsOf(links: ReferenceLinks, messages: readonly ThreadMessage[]): Promise<ThreadNode[]> {
  const nodes = new Map<ThreadMessage, ThreadNode>();
  await inTurns(messages, TURN, (message) => nodes.set(message, { message, children: [] }));
  const groups = new Map<number, ThreadNode[]>();
  await inTurns(links.links(), TURN, ({ message, parent, group }) => {
    const node = nodes.get(message)!;
    const siblings = parent ? nodes.get(parent)!.children : groups.get(group);
    if (siblings) siblings.push(node);
    else groups.set(group, [node]);
  });
  await sortChildren(nodes.values());
  const roots: ThreadNode[] = [];
  for (const siblings of groups.values())
    roots.push(siblings.length === 1 ? siblings[0]! : { message: null, children: await sortSiblings(siblings) });
  return roots;
}

/** Step 5: roots of one base subject become one thread. */
async function mergeSubjects(roots: readonly ThreadNode[]): Promise<ThreadNode[]> {
  const table = new Map<string, ThreadNode>();
  await inTurns(roots, TURN, (root) => {
    const { subject, isReply } = firstMessage(root);
    if (subject === '') return;
    const known = table.get(subject);
    // A thread without its root holds others best, then one that is no reply.
    if (!known || (known.message && (!root.message || (known.message.isReply && !isReply)))) table.set(subject, root);
  });
  const kept = new Set(roots);
  await inTurns(roots, TURN, (root) => {
    const { subject, isReply } = firstMessage(root);
    const other = table.get(subject);
    if (subject === '' || !other || other === root) return;
    kept.delete(root);
    if (!other.message) other.children.push(...(root.message ? [root] : root.children));
    else if (isReply && !other.message.isReply) other.children.push(root);
    else {
      const together: ThreadNode = { message: null, children: [other, root] };
      kept.delete(other);
      kept.add(together);
      table.set(subject, together);
    }
  });
  return [...kept];
}

async function sortChildren(nodes: Iterable<ThreadNode>): Promise<void> {
  let sorted = 0;
  for (const node of nodes) {
    if (node.children.length < 2) continue;
    node.children = await sortSiblings(node.children);
    if (++sorted % TURN === 0) await nextTurn();
  }
}
