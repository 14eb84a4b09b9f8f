import { type AccountRoute, type DirectoryLookup, DirectoryUnavailableError } from '#directory/api';
import {
  type MessageBytes,
  receivedHeader,
  type SmtpAuthentication,
  type SmtpBackend,
  type SmtpPath,
  type SmtpPeer,
  type SmtpReply,
  type SmtpTransaction,
  smtpReply,
} from '#protocol/smtp';
import { type Clock, type Logger, present, type Random } from '#stdx';
import type { AccountLedger } from '../limits/account-ledger.ts';
import type { SaslSignIn } from '../login/sasl-sign-in.ts';
import { bounceMessage } from './bounce.ts';
import type { Dispatched, Dispatcher } from './dispatch.ts';
import { Envelope } from './envelope.ts';
import {
  DEFAULT_HEAD_LIMITS,
  type HeadLimits,
  type MessageHead,
  missingFields,
  OutgoingBody,
  readHead,
} from './message-head.ts';
import { type FailedRecipient, verdictOn } from './outcome.ts';
import { admitRecipient, type MailRole, type RecipientRules } from './recipient.ts';
import { submissionAuthentication } from './sign-in.ts';

export interface MailLimits extends HeadLimits {
  /** Accounts and addresses that one transaction's recipients may come to. 1,000: the inner leg's `recipientsMax`. */
  readonly expandedRecipientsMax: number;
}

export const DEFAULT_MAIL_LIMITS: MailLimits = { ...DEFAULT_HEAD_LIMITS, expandedRecipientsMax: 1_000 };

export interface MailFrontDoorOptions {
  readonly role: MailRole;
  /** Ours, in trace headers and bounces. */
  readonly hostname: string;
  /** Where mail for a bare `<Postmaster>` goes (RFC 5321 §4.5.1); `null` refuses it. */
  readonly postmaster: string | null;
  readonly limits: MailLimits;
}

/** What every role shares. */
export interface MailServices {
  readonly directory: DirectoryLookup;
  readonly sasl: SaslSignIn;
  readonly accounts: AccountLedger;
  readonly dispatcher: Dispatcher;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly random: Random;
  readonly logger: Logger;
}

const SENDER_OK = smtpReply(250, '2.1.0', 'OK');
const DIRECTORY_AWAY = smtpReply(451, '4.4.3', 'Accounts cannot be looked up now; try again later');
const DAY_FULL = smtpReply(450, '4.7.1', 'This account has sent as much as it may today');
const NOT_YOURS = smtpReply(553, '5.7.1', 'Sender address is not yours');

/**
 * The hub's end of SMTP. Its laws:
 * - a message is streamed to the node of its home volume and answered 250 only when that node has;
 * - what was answered is in one durable commit: local copies, and queue entries for everybody else;
 * - see `Verdict` for what happens when some take it and some do not.
 */
export class MailFrontDoor implements SmtpBackend {
  private readonly envelopes = new WeakMap<SmtpTransaction, Envelope>();
  readonly authentication?: SmtpAuthentication;

  constructor(
    private readonly options: MailFrontDoorOptions,
    private readonly services: MailServices,
  ) {
    if (options.role === 'submission') this.authentication = submissionAuthentication(services.sasl);
  }

  async mail(peer: SmtpPeer, transaction: SmtpTransaction): Promise<SmtpReply> {
    const { reversePath } = transaction;
    let submitter: AccountRoute | undefined;
    if (this.options.role === 'submission') {
      const found = await this.submitter(peer, reversePath.address);
      if ('code' in found) return found;
      submitter = found;
    }
    this.envelopes.set(transaction, new Envelope(reversePath, submitter));
    return SENDER_OK;
  }

  async rcpt(peer: SmtpPeer, transaction: SmtpTransaction, forwardPath: SmtpPath): Promise<SmtpReply> {
    const envelope = present(this.envelopes.get(transaction), 'envelope');
    const { role, postmaster, limits } = this.options;
    const { submitter, recipients } = envelope;
    if (submitter && !this.services.accounts.maySubmitTo(submitter.accountId, recipients.length + 1)) return DAY_FULL;
    const rules: RecipientRules = { role, postmaster, expandedRecipientsMax: limits.expandedRecipientsMax };
    try {
      return await admitRecipient(this.services.directory, envelope, forwardPath, rules);
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError)) throw error;
      this.services.logger.warn({ session: peer.sessionId }, 'recipient could not be looked up');
      return DIRECTORY_AWAY;
    }
  }

  async data(
    peer: SmtpPeer,
    transaction: SmtpTransaction,
    bytes: MessageBytes,
  ): Promise<SmtpReply | readonly SmtpReply[]> {
    const envelope = present(this.envelopes.get(transaction), 'envelope');
    const startedAt = this.services.clock.monotonic();
    const head = await readHead(bytes, this.options.limits);
    if ('code' in head) return this.toAll(envelope, head);
    const body = new OutgoingBody(head, this.traceFields(peer, transaction, envelope, head));
    const facts = { transactionId: transaction.id, clientAddress: peer.address };
    const dispatched = await this.services.dispatcher.send(envelope, body, facts);
    const reply = await this.conclude(transaction, envelope, dispatched, head);
    if (envelope.submitter && [reply].flat().every(({ code }) => code === 250))
      this.services.accounts.submitted(envelope.submitter.accountId, envelope.recipients.length);
    this.services.logger.info(
      {
        transaction: transaction.id,
        role: this.options.role,
        client: peer.address,
        reversePath: envelope.reversePath.address,
        recipients: envelope.recipients.length,
        node: dispatched.kind === 'answered' ? dispatched.owner.nodeName : null,
        replies: [...new Set([reply].flat().map(({ code }) => code))],
        ms: Math.round(this.services.clock.monotonic() - startedAt),
      },
      'message',
    );
    return reply;
  }

  /** The account behind the session, if it may send, and as that address. The null reverse-path is anybody's (RFC 3464, RFC 8098). */
  private async submitter(peer: SmtpPeer, address: string): Promise<AccountRoute | SmtpReply> {
    const { identity } = peer;
    if (!identity) return smtpReply(530, '5.7.0', 'Authentication required');
    const { directory } = this.services;
    try {
      const login = await directory.findLogin(identity.email);
      if (login?.route.accountId !== identity.accountId || login.route.state !== 'active')
        return smtpReply(550, '5.7.1', 'Account may not send');
      if (address !== '' && !(await directory.maySendAs(identity.accountId, address))) return NOT_YOURS;
      return login.route;
    } catch (error) {
      if (error instanceof DirectoryUnavailableError) return DIRECTORY_AWAY;
      throw error;
    }
  }

  private traceFields(peer: SmtpPeer, transaction: SmtpTransaction, envelope: Envelope, head: MessageHead): string {
    const { hostname, role } = this.options;
    const at = this.services.clock.now();
    const [only, ...others] = envelope.recipients;
    const received = receivedHeader({
      peer,
      hostname,
      transactionId: transaction.id,
      at,
      ...(only && others.length === 0 ? { forwardPath: only.path.address } : {}),
    });
    if (role !== 'submission') return received;
    return received + missingFields(head, at, `${this.services.random.uuid()}@${hostname}`);
  }

  private async conclude(
    transaction: SmtpTransaction,
    envelope: Envelope,
    dispatched: Dispatched,
    head: MessageHead,
  ): Promise<SmtpReply | readonly SmtpReply[]> {
    if (dispatched.kind === 'failed') return this.toAll(envelope, dispatched.reply);
    const { inner, outcomes } = dispatched;
    const all = envelope.recipients.map((_, index) => index);
    const perRecipient = this.options.role === 'relay';
    const verdicts = perRecipient
      ? all.map((index) => verdictOn(new Set([index]), inner, outcomes))
      : [verdictOn(new Set(all), inner, outcomes)];
    const failed = verdicts.flatMap((verdict) => (verdict.taken ? verdict.failed : []));
    const bounced = failed.length === 0 || (await this.bounce(transaction, envelope, failed, head));
    const taken = bounced
      ? smtpReply(250, '2.0.0', `${transaction.id} accepted`)
      : smtpReply(451, '4.3.0', 'Some recipients failed and their bounce could not be kept; try again');
    const replies = verdicts.map((verdict) => (verdict.taken ? taken : verdict.reply));
    return perRecipient ? replies : replies[0]!;
  }

  /** Whether everybody who must hear of a failure will. */
  private async bounce(
    transaction: SmtpTransaction,
    envelope: Envelope,
    failed: readonly FailedRecipient[],
    head: MessageHead,
  ): Promise<boolean> {
    const { reversePath } = envelope;
    const told = failed
      .map(({ index, reply }) => ({ path: envelope.recipients[index]!.path, reply }))
      // RFC 3461 §4.1: never means never.
      .filter(({ path }) => path.parameters.get('NOTIFY')?.toUpperCase() !== 'NEVER');
    const { logger, clock, random } = this.services;
    logger.warn(
      { transaction: transaction.id, failed: failed.map(({ reply }) => reply.code), told: told.length },
      'some recipients failed',
    );
    // RFC 5321 §6.1: nothing is sent about mail with the null reverse-path.
    if (reversePath.address === '' || told.length === 0) return true;
    const facts = {
      hostname: this.options.hostname,
      to: reversePath.address,
      transactionId: transaction.id,
      envelopeId: reversePath.parameters.get('ENVID') ?? undefined,
      at: clock.now(),
      failed: told.map(({ path, reply }) => ({ address: path.address, reply })),
      header: head.read.subarray(0, head.headerBytes),
    };
    const bounce = bounceMessage(facts, random);
    return this.sendBounce(transaction, envelope, bounce);
  }

  private async sendBounce(transaction: SmtpTransaction, about: Envelope, bounce: Buffer): Promise<boolean> {
    const path: SmtpPath = { address: about.reversePath.address, parameters: new Map() };
    const envelope = new Envelope({ address: '', parameters: new Map() }, about.submitter);
    envelope.billedPartnerId = about.billedPartnerId;
    // A sender of ours gets it in his mailbox; any other, or while the directory is away, through the queue.
    const resolution = await this.services.directory.resolveRecipient(path.address).catch(() => undefined);
    if (resolution?.kind === 'deliver')
      envelope.recipients.push({ path, accounts: resolution.accounts, remote: resolution.remote });
    else if (resolution === undefined || resolution.kind === 'notLocal')
      envelope.recipients.push({ path, accounts: [], remote: [path.address] });
    else return true;
    const head: MessageHead = {
      read: bounce,
      headerBytes: bounce.length,
      hasDate: true,
      hasMessageId: true,
      headless: false,
      rest: null,
    };
    const facts = { transactionId: `${transaction.id}.bounce`, clientAddress: '' };
    const sent = await this.services.dispatcher.send(envelope, new OutgoingBody(head, ''), facts);
    return sent.kind === 'answered' && verdictOn(new Set([0]), sent.inner, sent.outcomes).taken;
  }

  private toAll(envelope: Envelope, reply: SmtpReply): SmtpReply | readonly SmtpReply[] {
    return this.options.role === 'relay' ? envelope.recipients.map(() => reply) : reply;
  }
}
