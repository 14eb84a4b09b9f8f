import { parseMessage } from '#protocol/message';
import {
  compileSieve,
  driveSieve,
  formatProblem,
  interpretSieve,
  SIEVE_LIMITS,
  type SieveAction,
  type SieveAnswer,
  type SieveQuestion,
} from '#protocol/sieve';

export const OWNER = 'bob@rookery.example';
export const RECIPIENT = 'bob+lists@rookery.example';
export const SENDER = 'ann@sender.example';

/** What was done with a message, in words both sides can be put in; sorted, as order is not compared. */
export type Doings = readonly string[];

/** Runs a script here. `null` when it does not compile. */
export async function ours(source: string, message: Buffer, actionsMax = 32): Promise<Doings | null> {
  const limits = { ...SIEVE_LIMITS, actionsMax };
  const compiled = compileSieve(source, limits);
  if (!compiled.ok) return null;
  const { body, size } = parseMessage(message);
  const header = message.subarray(body.headerStart, body.bodyStart);
  const machine = interpretSieve(
    compiled.script,
    { header, body, size, envelope: { from: SENDER, to: RECIPIENT } },
    {
      ...{ limits, now: Date.now(), zoneMinutes: 0, owner: OWNER, subaddressSeparator: '+' },
      ...{ environment: { location: 'MDA', phase: 'during' }, spamPercent: null, virusLevel: 0 },
    },
  );
  const { actions, error } = await driveSieve(machine, (question) => Promise.resolve(answer(question, message)));
  return error ? [`error ${formatProblem(error)}`] : actions.map(shown).sort();
}

/** The account has nothing but its inbox, as a new one of theirs. */
function answer(question: SieveQuestion, message: Buffer): SieveAnswer {
  switch (question.ask) {
    case 'pause':
      return true;
    case 'bytes':
      return message;
    case 'mailbox':
      return question.name.toUpperCase() === 'INBOX' ? { name: 'INBOX', uses: [] } : null;
    case 'annotation':
    case 'specialUse':
    case 'script':
      return null;
    case 'duplicate':
      return false;
  }
}

function shown(action: SieveAction): string {
  switch (action.kind) {
    case 'store': {
      const flags = action.flags.map((flag) => flag.toLowerCase()).sort();
      return `store ${action.mailbox ?? 'INBOX'}${flags.length > 0 ? ` [${flags.join(' ')}]` : ''}`;
    }
    case 'redirect':
      return `redirect ${action.address}`;
    case 'reject':
      return 'reject';
    case 'vacation':
      return `vacation ${action.periodSeconds}`;
    case 'notify':
      return 'notify';
  }
}
