import assert from 'node:assert/strict';
import { parseMessage } from '#protocol/message';
import type { SieveAction } from './action.ts';
import { compileSieve } from './compile.ts';
import { driveSieve, interpretSieve, type SieveOutcome } from './interpret.ts';
import { SIEVE_LIMITS, type SieveLimits } from './limits.ts';
import { formatProblem } from './problem.ts';
import type { SieveAnswer, SieveQuestion } from './question.ts';
import type { SieveMessage, SieveWorld } from './run.ts';

/** What a test sets of the world around a script. */
export interface Setting extends Partial<Omit<SieveWorld, 'limits'>> {
  readonly limits?: Partial<SieveLimits>;
  readonly from?: string;
  readonly to?: string;
  readonly mailboxes?: Readonly<Record<string, readonly string[]>>;
  /** By mailbox and entry, as `INBOX /shared/comment`; `/shared/comment` is the account's. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  /** Keys of messages seen before; a run adds its own. */
  readonly seen?: Set<string>;
}

export const MESSAGE = [
  'Return-Path: <ann@sender.example>',
  'Received: from a by b; Thu, 05 Nov 2026 10:00:00 +0100',
  'From: Ann Example <ann+work@sender.example>',
  'To: bob+lists@rookery.example, "Friends, all" <friends@rookery.example>',
  'Cc: carol@other.example',
  'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from the *team*',
  'Date: Thu, 05 Nov 2026 09:59:58 -0700',
  'Message-ID: <m1@sender.example>',
  'X-Num: 12',
  'X-Num: 7',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  'prologue',
  '--b',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'Hello W=C3=B6rld, the secret is 42.',
  '--b',
  'Content-Type: text/html',
  '',
  '<p>Click <b>here</b></p>',
  '--b--',
  'epilogue',
  '',
].join('\r\n');

export function sieveMessage(text: string, setting: Setting = {}): SieveMessage {
  const bytes = Buffer.from(text);
  const { body, size } = parseMessage(bytes);
  const { from = 'ann@sender.example', to = 'bob+lists@rookery.example' } = setting;
  return { header: bytes.subarray(body.headerStart, body.bodyStart), body, size, envelope: { from, to } };
}

export async function runScript(source: string, text = MESSAGE, setting: Setting = {}): Promise<SieveOutcome> {
  const limits = { ...SIEVE_LIMITS, ...setting.limits };
  const compiled = compileSieve(source, limits);
  assert(compiled.ok, compiled.ok ? '' : `${compiled.problems.map(formatProblem).join('; ')} in\n${source}`);
  const {
    from: _from,
    to: _to,
    mailboxes = {},
    annotations = {},
    scripts = {},
    seen = new Set<string>(),
    ...more
  } = setting;
  const world: SieveWorld = {
    ...{ now: Date.UTC(2026, 10, 28, 12, 30), zoneMinutes: 0, owner: 'bob@rookery.example', subaddressSeparator: '+' },
    ...{
      environment: { name: 'Rookery', location: 'MDA', phase: 'during' },
      spamPercent: null,
      virusLevel: 0 as const,
    },
    ...more,
    limits,
  };
  const answer = async (question: SieveQuestion): Promise<SieveAnswer> => {
    switch (question.ask) {
      case 'pause':
        return true;
      case 'bytes':
        return Buffer.from(text);
      case 'mailbox': {
        const uses = mailboxes[question.name];
        return uses ? { name: question.name, uses } : null;
      }
      case 'annotation':
        return annotations[`${question.mailbox ?? ''} ${question.entry}`.trim()] ?? null;
      case 'specialUse':
        return Object.keys(mailboxes).find((name) => mailboxes[name]!.includes(question.use)) ?? null;
      case 'duplicate':
        return seen.has(question.key);
      case 'script':
        return scripts[question.name] ?? null;
    }
  };
  const outcome = await driveSieve(interpretSieve(compiled.script, sieveMessage(text, setting), world), answer);
  for (const { key } of outcome.tracked) seen.add(key);
  return outcome;
}

/** An action in few words, for tables. */
export function shown(action: SieveAction): string {
  switch (action.kind) {
    case 'store': {
      const flags = action.flags.length > 0 ? ` [${action.flags.join(' ')}]` : '';
      return `${action.mailbox === null ? 'keep' : `fileinto ${action.mailbox}`}${flags}${action.header ? ' (edited)' : ''}`;
    }
    case 'redirect':
      return `redirect ${action.address}`;
    case 'reject':
      return `reject ${action.reason}`;
    case 'vacation':
      return `vacation to ${action.to}`;
    case 'notify':
      return `notify ${action.recipients.join(' ')}`;
  }
}

/** What a script does with `MESSAGE`, in few words; an error shows as itself. */
export async function does(source: string, setting: Setting = {}, text = MESSAGE): Promise<string> {
  const { actions, error } = await runScript(source, text, setting);
  return (error ? [`error: ${error.message}`] : actions.map(shown)).join(', ');
}
