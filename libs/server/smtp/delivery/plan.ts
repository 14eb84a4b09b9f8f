import type { MailStore, NewQueueEntry } from '#mailstore/api';
import type { MessageOrigin, RecipientRoute } from '#protocol/handover';
import { decodeMessageOrigin, decodeRecipientRoute } from '#protocol/handover';
import { refuse, type SmtpPath, type SmtpReply, staleReply } from '#protocol/smtp';

export type Volumes = (volumeId: string) => MailStore | undefined;

/** What the hub said of one transaction: which volume takes it, and what each accepted recipient means there. */
export interface DeliveryPlan {
  readonly origin: MessageOrigin | null;
  store: MailStore | null;
}

export type PlannedRecipient =
  | { readonly kind: 'local'; readonly route: RecipientRoute }
  | { readonly kind: 'queue'; readonly entry: NewQueueEntry };

/** The store, if it is here and at that epoch; else the reply that sends the hub to look again. */
export function storeAt(volumes: Volumes, volumeId: string, epoch: number): MailStore | SmtpReply {
  const store = volumes(volumeId);
  if (!store) return staleReply(volumeId);
  return store.epoch === epoch ? store : staleReply(volumeId, store.epoch);
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Throws `SmtpRefusal` 501 when it cannot be read. */
export function readOrigin(parameter: string): MessageOrigin {
  const origin = readJson(() => decodeMessageOrigin(parameter), 'ORIGIN');
  if (!isText(origin.volumeId) || !isCount(origin.epoch) || !isText(origin.partnerId) || !isText(origin.transactionId))
    refuse(501, '5.5.4', 'Bad value of ORIGIN');
  return origin;
}

/** Throws `SmtpRefusal` 501 when it cannot be read. */
export function readRoute(parameter: string): RecipientRoute {
  const route = readJson(() => decodeRecipientRoute(parameter), 'ROUTE');
  const named = isText(route.accountId) && isText(route.email) && isText(route.partnerId) && isText(route.volumeId);
  const { recipient } = route;
  if (recipient !== undefined && !isText(recipient)) refuse(501, '5.5.4', 'Bad value of ROUTE');
  if (!named || !isCount(route.epoch) || !isCount(route.quotaBytes)) refuse(501, '5.5.4', 'Bad value of ROUTE');
  return route;
}

function readJson<T extends object>(decode: () => T, parameter: string): T {
  let value: T;
  try {
    value = decode();
  } catch {
    refuse(501, '5.5.4', `Bad value of ${parameter}`);
  }
  if (typeof value !== 'object' || value === null) refuse(501, '5.5.4', `Bad value of ${parameter}`);
  return value;
}

/** MAIL's and RCPT's parameters that go on with a queued message. */
const HANDED_ON = ['BODY', 'SMTPUTF8', 'RET', 'ENVID', 'NOTIFY', 'ORCPT'];

export function queueEntry(reversePath: SmtpPath, forwardPath: SmtpPath, partnerId: string): NewQueueEntry {
  const parameters: Record<string, string> = {};
  for (const name of HANDED_ON) {
    const source = forwardPath.parameters.has(name) ? forwardPath : reversePath;
    if (source.parameters.has(name)) parameters[name] = source.parameters.get(name) ?? '';
  }
  return {
    reversePath: reversePath.address,
    forwardPath: forwardPath.address,
    partnerId,
    parameters,
    metered: !forwardPath.parameters.has('INNER'),
  };
}
