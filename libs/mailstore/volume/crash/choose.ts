import type { Random } from '#stdx';
import type { AccountModel, CrashOperation } from './model.ts';

/** Messages an account is kept at. */
const MESSAGES = 40;
const KINDS = [
  'append',
  'append',
  'deliver',
  'deliver',
  'deliver',
  'move',
  'copy',
  'expunge',
  'keywords',
  'queue',
  'mailbox',
  'script',
] as const;

/** An operation that makes sense for the account as it is. `token` gives a name never used before. */
export function chooseOperation(model: AccountModel, random: Random, token: () => string): CrashOperation {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.fraction() * items.length)]!;
  const names = [...model.mailboxes.keys()];
  const some = (name: string): number[] =>
    [...(model.mailboxes.get(name)?.messages.keys() ?? [])].filter(() => random.fraction() < 0.2);
  const total = [...model.mailboxes.values()].reduce((sum, { messages }) => sum + messages.size, 0);
  if (total > MESSAGES) {
    const mailbox = names.reduce((a, b) => (sizeOf(model, a) > sizeOf(model, b) ? a : b));
    return { kind: 'expunge', mailbox, uids: [...(model.mailboxes.get(mailbox)?.messages.keys() ?? [])].slice(0, 15) };
  }
  const kind = pick(KINDS);
  const from = pick(names);
  switch (kind) {
    case 'append': {
      const tokens = Array.from({ length: 1 + Math.floor(random.fraction() * 3) }, token);
      return { kind, mailbox: from, tokens, keywords: pick([[], ['$seen'], ['$draft', '$seen']]) };
    }
    case 'deliver': {
      const recipients = Array.from({ length: Math.floor(random.fraction() * 3) }, token);
      return { kind, token: token(), mailboxes: pick([['INBOX'], ['INBOX', 'Sent'], [from]]), recipients };
    }
    case 'move':
    case 'copy':
      return { kind, from, to: pick(names), uids: some(from) };
    case 'expunge':
      return { kind, mailbox: from, uids: some(from) };
    case 'keywords':
      return {
        kind,
        mailbox: from,
        uids: some(from),
        keywords: pick([['$seen'], ['$deleted', '$seen'], ['work'], []]),
      };
    case 'queue': {
      const waiting = [...model.queue.keys()];
      const done = waiting.filter(() => random.fraction() < 0.5);
      const again = waiting.filter((each) => !done.includes(each) && random.fraction() < 0.5);
      return { kind, done, again, bounce: done.length > 0 && random.fraction() < 0.5 ? token() : null };
    }
    case 'mailbox':
      return model.mailboxes.has('temp') ? { kind: 'delete', mailbox: 'temp' } : { kind: 'create', mailbox: 'temp' };
    case 'script':
      return scriptOperation(model, pick, token);
  }
}

function scriptOperation(
  { scripts, active }: AccountModel,
  pick: <T>(items: readonly T[]) => T,
  token: () => string,
): CrashOperation {
  const script = pick(['a', 'b', 'c']);
  if (!scripts.has(script)) return { kind: 'script', script, token: token() };
  if (active !== script && pick([true, false])) return { kind: 'drop', script };
  return pick<CrashOperation>([
    { kind: 'script', script, token: token() },
    { kind: 'activate', script: active === script ? null : script },
  ]);
}

function sizeOf(model: AccountModel, mailbox: string): number {
  return model.mailboxes.get(mailbox)?.messages.size ?? 0;
}
