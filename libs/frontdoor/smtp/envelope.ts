import type { AccountRoute } from '#directory/api';
import { encodeRouteParameter, type RecipientRoute } from '#protocol/handover';
import { isAscii, type SmtpPath, toXtext } from '#protocol/smtp';
import type { Parameters } from '#relay';
import type { VolumeOwner } from '../routing/routing-map.ts';

/** One accepted RCPT and what it comes to. */
export interface EnvelopeRecipient {
  readonly path: SmtpPath;
  accounts: readonly AccountRoute[];
  /** Addresses elsewhere. */
  readonly remote: readonly string[];
}

/** One recipient of the inner leg: an account of the volume, or an address the volume's queue sends on. */
export interface InnerRecipient {
  readonly forwardPath: string;
  readonly parameters: Parameters;
  /** Indexes of the envelope's recipients that lead to it. */
  readonly of: number[];
}

/** What a transaction has gathered. */
export class Envelope {
  readonly recipients: EnvelopeRecipient[] = [];
  /** Pays for what the queue sends on; the first recipient's, or the submitter's. */
  billedPartnerId: string | undefined;

  constructor(
    readonly reversePath: SmtpPath,
    /** Who submits it; `undefined` for mail from outside. */
    readonly submitter: AccountRoute | undefined,
  ) {
    this.billedPartnerId = submitter?.partnerId;
  }

  /** Inner recipients so far, doubles counted. */
  get size(): number {
    return this.recipients.reduce((sum, { accounts, remote }) => sum + accounts.length + remote.length, 0);
  }

  /** The volume that takes the message: the first local recipient's, else the submitter's. */
  get homeVolumeId(): string | undefined {
    for (const { accounts } of this.recipients) if (accounts[0]) return accounts[0].volumeId;
    return this.submitter?.volumeId;
  }

  /** Looks up again where its accounts live: one may be on its way from volume to volume. */
  async relocate(routeOf: (account: AccountRoute) => Promise<AccountRoute>): Promise<void> {
    for (const recipient of this.recipients) recipient.accounts = await Promise.all(recipient.accounts.map(routeOf));
  }

  /** Recipients of the leg to `owner`: each account and each address once. */
  innerRecipients(owner: VolumeOwner): readonly InnerRecipient[] {
    const inner = new Map<string, InnerRecipient>();
    this.recipients.forEach(({ path, accounts, remote }, index) => {
      const add = (key: string, forwardPath: string, route: RecipientRoute | 'elsewhere' | undefined): void => {
        const known = inner.get(key);
        if (known) known.of.push(index);
        else inner.set(key, { forwardPath, parameters: rcptParameters(path, forwardPath, route), of: [index] });
      };
      for (const account of accounts) {
        const route = routeOf(account, path, owner);
        // The address alone leads there again: what it says beyond the account's is kept on the way.
        const isOne = route === 'elsewhere' && accounts.length === 1 && remote.length === 0 && isWhole(path.address);
        add(account.accountId, isOne ? path.address : account.email, route);
      }
      for (const address of remote) add(address.toLowerCase(), address, undefined);
    });
    return [...inner.values()];
  }
}

/** An account of another volume has no ROUTE here: it goes through the queue to a hub's relay port and so to its home. */
function routeOf(account: AccountRoute, { address }: SmtpPath, owner: VolumeOwner): RecipientRoute | 'elsewhere' {
  if (account.volumeId !== owner.volumeId) return 'elsewhere';
  const { accountId, email, partnerId, quotaBytes, volumeId } = account;
  const sentTo = address === email || !isWhole(address) ? {} : { recipient: address };
  return { accountId, email, partnerId, quotaBytes, volumeId, epoch: owner.epoch, ...sentTo };
}

/** RFC 5321 §4.5.1: postmaster may come without a domain. */
const isWhole = (address: string): boolean => address.includes('@');

function rcptParameters(
  path: SmtpPath,
  forwardPath: string,
  route: RecipientRoute | 'elsewhere' | undefined,
): Parameters {
  const parameters = new Map<string, string | null>();
  if (route === 'elsewhere') parameters.set('INNER', null);
  else if (route) parameters.set('ROUTE', encodeRouteParameter(route));
  for (const name of ['NOTIFY', 'ORCPT'])
    if (path.parameters.has(name)) parameters.set(name, path.parameters.get(name) ?? null);
  // RFC 3461 §5.2.1: who is told of a failure must recognise the address he wrote to.
  if (!parameters.has('ORCPT') && forwardPath !== path.address && isAscii(path.address))
    parameters.set('ORCPT', `rfc822;${toXtext(path.address)}`);
  return parameters;
}

/** MAIL's parameters of the inner leg. */
export function mailParameters(reversePath: SmtpPath, origin: string, inner: readonly InnerRecipient[]): Parameters {
  const parameters = new Map<string, string | null>([['ORIGIN', origin]]);
  for (const name of ['BODY', 'SMTPUTF8', 'RET', 'ENVID'])
    if (reversePath.parameters.has(name)) parameters.set(name, reversePath.parameters.get(name) ?? null);
  // An ASCII alias may stand for an address that is not (RFC 6531 §3.5).
  if (!inner.every(({ forwardPath }) => isAscii(forwardPath))) parameters.set('SMTPUTF8', null);
  return parameters;
}
