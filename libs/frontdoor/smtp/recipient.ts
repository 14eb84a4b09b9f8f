import type { DirectoryLookup, RecipientResolution } from '#directory/api';
import { isMailbox, type SmtpPath, type SmtpReply, smtpReply } from '#protocol/smtp';
import { unreachable } from '#stdx';
import type { Envelope } from './envelope.ts';

/** Whose mail it is: anybody's for us, our users' for anybody, or our own nodes' for accounts of other volumes. */
export type MailRole = 'mx' | 'submission' | 'relay';

export interface RecipientRules {
  readonly role: MailRole;
  readonly postmaster: string | null;
  readonly expandedRecipientsMax: number;
}

const RECIPIENT_OK = smtpReply(250, '2.1.5', 'OK');
const UNKNOWN = smtpReply(550, '5.1.1', 'No such user here');
const NO_RELAY = smtpReply(550, '5.7.1', 'Relaying denied');
/** RFC 5321 §4.5.3.1.10: the client sends the rest in another transaction. */
const TOO_MANY = smtpReply(452, '4.5.3', 'Too many recipients');
const ANOTHER_TIME = smtpReply(452, '4.5.3', 'Send to this recipient in a transaction of its own');

/** Takes the recipient into the envelope, or says why not. Throws `DirectoryUnavailableError`. */
export async function admitRecipient(
  directory: DirectoryLookup,
  envelope: Envelope,
  path: SmtpPath,
  rules: RecipientRules,
): Promise<SmtpReply> {
  const address = path.address.includes('@') ? path.address : rules.postmaster;
  if (address === null) return UNKNOWN;
  const resolution = await directory.resolveRecipient(address);
  switch (resolution.kind) {
    case 'deliver':
      return admitLocal(envelope, path, resolution, rules);
    case 'unknownUser':
      return UNKNOWN;
    case 'notLocal':
      if (rules.role !== 'submission') return NO_RELAY;
      if (!isMailbox(address)) return smtpReply(550, '5.1.3', 'Bad recipient address');
      return add(envelope, { path, accounts: [], remote: [address] }, rules);
    case 'blocked':
      return smtpReply(550, '5.2.1', `Recipient is not accepted: ${resolution.reason}`);
    default:
      return unreachable(resolution);
  }
}

function admitLocal(
  envelope: Envelope,
  path: SmtpPath,
  resolution: Extract<RecipientResolution, { kind: 'deliver' }>,
  rules: RecipientRules,
): SmtpReply {
  const { accounts, remote, partnerId } = resolution;
  // What the queue sends on is billed to one partner a transaction: the submitter's, else the first recipient's.
  if (remote.length > 0 && !envelope.submitter && envelope.billedPartnerId !== undefined)
    if (envelope.billedPartnerId !== partnerId) return ANOTHER_TIME;
  const reply = add(envelope, { path, accounts, remote }, rules);
  if (reply === RECIPIENT_OK) envelope.billedPartnerId ??= partnerId;
  return reply;
}

function add(envelope: Envelope, recipient: Envelope['recipients'][number], rules: RecipientRules): SmtpReply {
  const { accounts, remote } = recipient;
  // One alias may be larger than the limit: it then goes alone.
  const size = envelope.size + accounts.length + remote.length;
  if (size > rules.expandedRecipientsMax && envelope.recipients.length > 0) return TOO_MANY;
  envelope.recipients.push(recipient);
  return RECIPIENT_OK;
}
