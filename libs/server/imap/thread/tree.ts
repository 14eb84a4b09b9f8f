import { sortedIndexes } from '../sort/sliced-sort.ts';
import type { ThreadMessage } from './gather.ts';

/** A message in its thread, or (`message` null) siblings whose parent is not there. */
export interface ThreadNode {
  readonly message: ThreadMessage | null;
  children: ThreadNode[];
}

/** So few are sorted at once. */
const FEW = 500;

/** Siblings by sent date, equal ones by their numbers; those without a parent go by their first. RFC 5256 §3. */
export async function sortSiblings(siblings: readonly ThreadNode[]): Promise<ThreadNode[]> {
  if (siblings.length < 2) return [...siblings];
  if (siblings.length <= FEW) return [...siblings].sort((a, b) => byDate(firstMessage(a), firstMessage(b)));
  const first = siblings.map(firstMessage);
  const order = await sortedIndexes(siblings.length, (a, b) => byDate(first[a]!, first[b]!));
  return Array.from(order, (index) => siblings[index]!);
}

const byDate = (a: ThreadMessage, b: ThreadMessage): number => a.sentAt - b.sentAt || a.uid - b.uid;

/** The message itself, or the first of those without a parent; their children are in order already. */
export function firstMessage({ message, children }: ThreadNode): ThreadMessage {
  return message ?? firstMessage(children[0]!);
}

/**
 * One thread as RFC 5256 §4 writes it: `(3 6 (4 23)(44 7 96))`. Replies may be nested as deep as there are messages, so what is
 * still to be written is kept in a list and not on the stack.
 */
export function formatThread(root: ThreadNode, number: (message: ThreadMessage) => number): string {
  let out = '';
  const left: (ThreadNode | ')')[] = [root];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next === ')') {
      out += ')';
      continue;
    }
    out += '(';
    let node = next;
    let space = '';
    for (;;) {
      if (node.message) {
        out += `${space}${number(node.message)}`;
        space = ' ';
      }
      if (node.children.length !== 1) break;
      node = node.children[0]!;
    }
    left.push(')');
    if (node.children.length === 0) continue;
    out += space;
    for (let i = node.children.length - 1; i >= 0; i--) left.push(node.children[i]!);
  }
  return out;
}
