import { createHash } from 'node:crypto';
import {
  canonicalKeywords,
  type DeliveryTarget,
  defaultMailStoreLimits,
  type FailedRun,
  MailStoreError,
  type Memory,
  type NewQueueEntry,
} from '#mailstore/api';
import {
  type NotifyAction,
  notification,
  type RedirectLimits,
  type ReplyFacts,
  redirectLoop,
  redirectMark,
  type StoreAction,
  type VacationAction,
  vacationReply,
} from '#protocol/sieve';
import { isAscii, type SmtpReply } from '#protocol/smtp';
import type { Clock } from '#stdx';
import { queueEntry } from '../plan.ts';
import { duplicateKey } from './answers.ts';
import type { SieveDeliveryOptions } from './settings.ts';
import type { ScriptedDelivery, ScriptResult } from './sieve-run.ts';

/** A message other than the one that came, and what is done with it. */
export interface ExtraMessage {
  /** The whole of it; or the header to put in the place of the message's own. */
  readonly content: { readonly whole: Buffer } | { readonly header: Buffer };
  readonly targets: DeliveryTarget[];
  readonly queue: readonly NewQueueEntry[];
}

/** What becomes of one account's message: all of it, in the commit that stores it. */
export interface Disposition {
  /** Where it is stored as it came. */
  readonly targets: readonly DeliveryTarget[];
  readonly extras: readonly ExtraMessage[];
  readonly memories: readonly Memory[];
  readonly failedRuns: readonly FailedRun[];
  /** The recipient is refused, with the script's reason. */
  readonly refusal: SmtpReply | null;
}

/** Turns a script's actions into deliveries. */
export class Dispositions {
  constructor(
    private readonly options: SieveDeliveryOptions,
    private readonly clock: Clock,
    private readonly redirects: RedirectLimits,
  ) {}

  of(delivery: ScriptedDelivery, result: ScriptResult): Disposition {
    const { accountId, email, partnerId, quotaBytes } = delivery.route;
    const account = { accountId, email, partnerId, quotaBytes };
    const targets: DeliveryTarget[] = [];
    const extras: ExtraMessage[] = [];
    let { fault } = result;
    let refusal: SmtpReply | null = null;
    const keep = (action: Pick<StoreAction, 'mailbox' | 'flags' | 'header'>): void => {
      const mailbox = action.mailbox === null ? {} : { mailbox: action.mailbox };
      const target = { account, ...mailbox, keywords: keywordsOf(action.flags) };
      const { header } = action;
      if (header === null) {
        targets.push(target);
        return;
      }
      const same = extras.find(({ content }) => 'header' in content && content.header === header);
      if (same) same.targets.push(target);
      else extras.push({ content: { header }, targets: [target], queue: [] });
    };
    for (const action of result.actions) {
      switch (action.kind) {
        case 'store':
          keep(action);
          break;
        case 'redirect': {
          const header = action.header ?? result.header;
          const loop = redirectLoop(header, email, this.redirects);
          if (loop === null) extras.push(this.redirect(delivery, action.address, header));
          else fault ??= `redirect to ${action.address} was not done: ${loop}`;
          break;
        }
        case 'vacation':
        case 'notify':
          extras.push(this.reply(delivery, action, result.header));
          break;
        case 'reject':
          refusal = refusalReply(action.reason);
      }
    }
    // A redirect that was not done must not lose the message.
    if (refusal === null && fault !== null && targets.length === 0 && !extras.some(({ targets }) => targets.length > 0))
      keep({ mailbox: null, flags: [], header: null });
    const now = this.clock.now();
    return {
      ...{ targets, extras, refusal },
      memories: result.tracked.map(({ key, seconds }) => ({
        ...{ accountId, key: duplicateKey(key), until: now + seconds * 1_000 },
      })),
      failedRuns: fault === null ? [] : [{ accountId, at: now, message: fault }],
    };
  }

  /** The reverse-path stays (RFC 5228 §4.2), and so do the sender's wishes about notifications (RFC 3461 §5.2.7). */
  private redirect(
    { route, reversePath, forwardPath }: ScriptedDelivery,
    address: string,
    header: Buffer,
  ): ExtraMessage {
    const { accountId, email, partnerId } = route;
    const entry = queueEntry(reversePath, forwardPath, partnerId);
    // RFC 6531 §3.2: for the address, or for the mark that names the owner.
    const parameters = { ...entry.parameters, ...(isAscii(address + email) ? {} : { SMTPUTF8: '' }) };
    return {
      content: { header: Buffer.concat([redirectMark(email), withoutReturnPath(header)]) },
      targets: [],
      queue: [{ ...entry, parameters, forwardPath: address, metered: true, onBehalfOf: accountId }],
    };
  }

  /** Sent with the null reverse-path, so that nothing answers it. */
  private reply({ route }: ScriptedDelivery, action: VacationAction | NotifyAction, header: Buffer): ExtraMessage {
    const { accountId, email: owner, partnerId } = route;
    const { hostname, random } = this.options;
    const now = this.clock.now();
    const facts: ReplyFacts = { at: now, messageId: `${random.uuid()}@${hostname}`, owner, header };
    const whole = action.kind === 'vacation' ? vacationReply(action, facts) : notification(action, facts);
    const entry = (forwardPath: string): NewQueueEntry => ({
      ...{ reversePath: '', forwardPath, partnerId, onBehalfOf: accountId },
      parameters: { BODY: '8BITMIME', ...(isAscii(forwardPath) ? {} : { SMTPUTF8: '' }) },
    });
    if (action.kind === 'notify') return { content: { whole }, targets: [], queue: action.recipients.map(entry) };
    const once = { accountId, key: vacationKey(action), until: now + action.periodSeconds * 1_000 };
    return { content: { whole }, targets: [], queue: [{ ...entry(action.to), once }] };
  }
}

/** RFC 5230 §4.2: one answer a sender and handle. Hashed, as both may be long. */
function vacationKey({ handle, to }: VacationAction): string {
  const name = JSON.stringify([handle, to.toLowerCase()]);
  return `vacation ${createHash('sha256').update(name).digest('base64url')}`;
}

const SYSTEM_FLAGS: Readonly<Record<string, string>> = {
  '\\seen': '$seen',
  '\\answered': '$answered',
  '\\flagged': '$flagged',
  '\\draft': '$draft',
  '\\deleted': '$deleted',
};

/** The store's keywords; what it would refuse is left out, as a flag is no reason to refuse mail. */
function keywordsOf(flags: readonly string[]): readonly string[] {
  return flags
    .flatMap((flag) => (flag.startsWith('\\') ? (SYSTEM_FLAGS[flag.toLowerCase()] ?? []) : flag))
    .filter(isKeyword)
    .slice(0, defaultMailStoreLimits.keywordsPerMessageMax);
}

function isKeyword(keyword: string): boolean {
  try {
    return canonicalKeywords([keyword], defaultMailStoreLimits).length === 1;
  } catch (error) {
    if (error instanceof MailStoreError) return false;
    throw error;
  }
}

/** RFC 5321 §4.5.3.1.5 bounds a line of a reply; a reason may have several. */
const REASON_LINES_MAX = 20;
const REASON_LINE_MAX = 400;

function refusalReply(reason: string): SmtpReply {
  // A reply is ASCII (RFC 5321 §4.2): letters lose their accents rather than be lost.
  const lines = reason
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim().slice(0, REASON_LINE_MAX))
    .filter((line) => line !== '')
    .slice(0, REASON_LINES_MAX);
  return { code: 550, enhanced: '5.7.1', text: lines.length > 0 ? lines : ['Refused by the recipient'] };
}

/** Ours is the header's first line, unfolded. */
function withoutReturnPath(header: Buffer): Buffer {
  return /^return-path:/i.test(header.toString('latin1', 0, 12)) ? header.subarray(header.indexOf('\n') + 1) : header;
}
