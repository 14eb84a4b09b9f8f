import { crc32 } from 'node:zlib';
import {
  type AccountChange,
  type AccountId,
  type AnnotatedEntry,
  type Mailbox,
  type MailboxRef,
  MailStoreError,
  type ModSeq,
  type Uid,
} from '#mailstore/api';
import {
  formatAString,
  isMessageEvent,
  type MailboxNewsMark,
  type NotifyEvent,
  type NotifyGroup,
} from '#protocol/imap';
import type { CommandSession } from '../command.ts';
import { describeStatus } from '../commands/status.ts';
import { ImapRefusal } from '../errors.ts';
import { formatListed } from '../list-response.ts';
import { type ListedName, listedNames } from '../mailbox-list.ts';
import { formatMailboxName } from '../mailbox-text.ts';
import { everyMailbox, type FoundMailbox } from '../shared-names.ts';
import { eventsOf } from './concerned.ts';

/** A mailbox as the client was last told of it. */
interface Told {
  readonly ref: MailboxRef;
  readonly name: string;
  readonly uidNext: Uid;
  readonly messages: number;
  readonly modSeq: ModSeq;
}

/** More mailboxes than this changing their annotations unread is more than a client is told: it is told so instead. */
const ANNOTATED_MAX = 1_000;
const LIST_STYLE = { nonExistent: true, subscribed: true };

/**
 * News of mailboxes that are not selected. Changes are noted as they are published and told by `tell`, when the protocol lets
 * them be; what is noted stays as small as the list of mailboxes, however slow the client is. RFC 5465 §5.
 */
export class MailboxNews {
  private readonly told = new Map<string, Told>();
  private readonly watched = new Map<AccountId, () => void>();
  private subscribed: ReadonlySet<string> = new Set();
  private changed = new Set<string>();
  private annotated: (AnnotatedEntry & { readonly accountId: AccountId })[] = [];
  private listChanged = false;
  private heardTo: ModSeq = 0;
  private toldTo: ModSeq = 0;
  private namesTold = 0;

  constructor(
    private readonly session: CommandSession,
    private readonly groups: readonly NotifyGroup[],
    private readonly wake: () => void,
  ) {}

  /** Begins to watch. `status` tells of every mailbox concerned at once. Rejects with NOTIFICATIONOVERFLOW where there are too many. */
  async begin(status: boolean): Promise<void> {
    const { store, context, accountId } = this.session;
    // Watched first: what changes during the look is then told twice rather than not.
    this.watch(accountId);
    this.toldTo = (await store.account(context, accountId)).modSeq;
    const { found } = await this.look();
    for (const each of found) {
      this.remember(each, each.mailbox);
      const events = this.eventsOf(each.mailbox.name, each.ref.accountId);
      if (![...events].some(isMessageEvent) || this.isSelected(each.ref)) continue;
      if (!(await this.mayRead(each))) this.tellNoAccess(each);
      else if (status) await this.tellStatus(each, events);
    }
  }

  /** The same from a mark of another owner; false when names have changed meanwhile, and nobody knows how. */
  async resume({ toldTo, names }: MailboxNewsMark): Promise<boolean> {
    await this.begin(false);
    if (this.namesTold !== names && this.tellsNames()) return false;
    for (const [key, told] of this.told) {
      const isOwn = told.ref.accountId === this.session.accountId;
      if (isOwn && told.modSeq <= toldTo) continue;
      this.told.set(key, { ...told, uidNext: 0, modSeq: 0 });
      this.changed.add(key);
    }
    return true;
  }

  stop(): void {
    for (const unwatch of this.watched.values()) unwatch();
    this.watched.clear();
  }

  get pending(): boolean {
    return this.listChanged || this.changed.size > 0 || this.annotated.length > 0;
  }

  toMark(): MailboxNewsMark {
    return { toldTo: this.toldTo, names: this.namesTold };
  }

  /** Tells what has been noted. Rejects with NOTIFICATIONOVERFLOW when it has become too much. */
  async tell(): Promise<void> {
    while (this.pending) {
      const { heardTo } = this;
      if (this.listChanged) await this.tellNames();
      await this.tellChanged();
      this.tellAnnotated();
      this.toldTo = Math.max(this.toldTo, heardTo);
      await this.session.out.drained();
    }
  }

  private watch(accountId: AccountId): void {
    if (this.watched.has(accountId)) return;
    this.watched.set(
      accountId,
      this.session.store.watch(accountId, (change) => this.note(change)),
    );
  }

  private note({ accountId, modSeq, mailboxes, mailboxList, annotated }: AccountChange): void {
    if (accountId === this.session.accountId) this.heardTo = modSeq;
    for (const mailboxId of mailboxes) this.changed.add(keyOf({ accountId, mailboxId }));
    if (mailboxList) this.listChanged = true;
    for (const entry of annotated) {
      const isShown = entry.owner === '' || entry.owner === this.session.accountId;
      if (isShown && this.annotated.length <= ANNOTATED_MAX) this.annotated.push({ ...entry, accountId });
    }
    this.wake();
  }

  /** Everything the client may list now. */
  private async look(): Promise<{ readonly found: readonly FoundMailbox[]; readonly names: readonly ListedName[] }> {
    const { session } = this;
    const found = await everyMailbox(session);
    const subscriptions = await session.store.subscriptions(session.context, session.accountId);
    if (found.length > session.limits.notifyMailboxesMax) throw overflow('There are too many mailboxes to watch');
    this.subscribed = new Set(subscriptions);
    for (const { ref } of found) this.watch(ref.accountId);
    const names = listedNames(found, subscriptions);
    this.namesTold = crc32(
      names.map(({ name, found: at, subscribed }) => `${at && keyOf(at.ref)} ${name} ${subscribed}`).join('\n'),
    );
    return { found, names };
  }

  private async tellNames(): Promise<void> {
    this.listChanged = false;
    const before = this.subscribed;
    const { found, names } = await this.look();
    const now = new Map(found.map((each) => [keyOf(each.ref), each]));
    const listed = new Map(names.map((entry) => [entry.name, entry]));
    const said = new Set<string>();
    const say = (name: string, extended = ''): void => {
      this.session.out.untagged(formatListed(this.session, listed.get(name) ?? nowhere(name), LIST_STYLE, extended));
      said.add(name);
    };
    for (const [key, { name, ref }] of this.told) {
      const { mailbox } = now.get(key) ?? {};
      if (mailbox?.name === name) continue;
      const wanted = [name, mailbox?.name ?? name].some((each) =>
        this.eventsOf(each, ref.accountId).has('MailboxName'),
      );
      if (!mailbox) this.told.delete(key);
      if (wanted && mailbox) say(mailbox.name, `"OLDNAME" (${formatMailboxName(this.session, name)})`);
      else if (wanted) say(name);
    }
    for (const [key, each] of now) {
      const known = this.told.get(key);
      if (!known && this.eventsOf(each.mailbox.name, each.ref.accountId).has('MailboxName')) say(each.mailbox.name);
      // A mailbox the client has just heard of is empty to it.
      this.remember(each, known ?? { uidNext: 1, messages: 0, modSeq: each.mailbox.modSeq });
      if (!known) this.changed.add(key);
    }
    for (const name of new Set([...before, ...this.subscribed])) {
      if (before.has(name) === this.subscribed.has(name) || said.has(name)) continue;
      const owner = listed.get(name)?.found?.ref.accountId ?? this.session.accountId;
      if (this.eventsOf(name, owner, true).has('SubscriptionChange')) say(name);
    }
  }

  private async tellChanged(): Promise<void> {
    const { session, changed } = this;
    this.changed = new Set();
    for (const key of changed) {
      const told = this.told.get(key);
      if (!told) continue;
      const { ref, name } = told;
      const mailbox = await session.store.mailbox(session.context, ref.accountId, ref.mailboxId).catch(passOverUnknown);
      if (!mailbox) continue;
      const found = { ref, mailbox: { ...mailbox, name } };
      this.remember(found, mailbox);
      const events = this.eventsOf(name, ref.accountId);
      const cameOrWent = told.uidNext !== mailbox.uidNext || told.messages !== mailbox.messages;
      const isNews =
        (cameOrWent && events.has('MessageNew')) || (told.modSeq !== mailbox.modSeq && events.has('FlagChange'));
      if (isNews && !this.isSelected(ref) && (await this.mayRead(found))) await this.tellStatus(found, events);
    }
  }

  private async tellStatus(found: FoundMailbox, events: ReadonlySet<NotifyEvent>): Promise<void> {
    const { session } = this;
    // RFC 5465 §5.1–5.3.
    const withModSeq = events.has('FlagChange') || session.enabled.has('CONDSTORE');
    const items = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY', ...(withModSeq ? (['HIGHESTMODSEQ'] as const) : [])] as const;
    session.out.untagged(await describeStatus(session, found, items));
    await session.out.drained();
  }

  /** RFC 5465 §5.6–5.7: which entries changed, not their values (RFC 5464 §4.4.1). */
  private tellAnnotated(): void {
    const annotated = this.annotated.splice(0);
    if (annotated.length > ANNOTATED_MAX) throw overflow('More annotations have changed than can be told');
    const byMailbox = new Map<string, Set<string>>();
    for (const { accountId, mailboxId, entry } of annotated) {
      const key = keyOf({ accountId, mailboxId });
      byMailbox.set(key, (byMailbox.get(key) ?? new Set()).add(entry));
    }
    for (const [key, entries] of byMailbox) {
      const name = this.annotatedName(key);
      if (name !== null) this.session.out.untagged(`METADATA ${name} ${[...entries].map(formatAString).join(' ')}`);
    }
  }

  /** `null` for what the client has not asked for. */
  private annotatedName(key: string): string | null {
    if (key === keyOf({ accountId: this.session.accountId, mailboxId: 0 }))
      return this.groups.some(({ events }) => events.includes('ServerMetadataChange')) ? '""' : null;
    const told = this.told.get(key);
    if (!told || !this.eventsOf(told.name, told.ref.accountId).has('MailboxMetadataChange')) return null;
    return formatMailboxName(this.session, told.name);
  }

  private async mayRead({ ref }: FoundMailbox): Promise<boolean> {
    const { store, context, accountId } = this.session;
    return ref.accountId === accountId || (await store.sharing.rights(context, ref)).includes('r');
  }

  private tellNoAccess({ mailbox }: FoundMailbox): void {
    const { session } = this;
    // RFC 5465 §3.1, §5.9.
    session.out.untagged(`LIST (\\NoAccess) "/" ${formatMailboxName(session, mailbox.name)}`);
  }

  private eventsOf(name: string, owner: AccountId, subscribed = this.subscribed.has(name)): ReadonlySet<NotifyEvent> {
    return eventsOf(this.groups, { name, isOwn: owner === this.session.accountId, subscribed });
  }

  private tellsNames(): boolean {
    return this.groups.some(({ events }) => events.includes('MailboxName') || events.includes('SubscriptionChange'));
  }

  private isSelected(ref: MailboxRef): boolean {
    const { session } = this;
    return session.isSelected && keyOf(session.view.ref) === keyOf(ref);
  }

  private remember({ ref, mailbox }: FoundMailbox, { uidNext, messages, modSeq }: Counts): void {
    this.told.set(keyOf(ref), { ref, name: mailbox.name, uidNext, messages, modSeq });
  }
}

type Counts = Pick<Mailbox, 'uidNext' | 'messages' | 'modSeq'>;

const keyOf = ({ accountId, mailboxId }: MailboxRef): string => `${accountId}/${mailboxId}`;

const nowhere = (name: string): ListedName => ({
  ...{ name, mailbox: null, found: null, subscribed: false, hasChildren: false },
});

const overflow = (text: string): ImapRefusal => new ImapRefusal('NOTIFICATIONOVERFLOW', text);

function passOverUnknown(error: unknown): null {
  if (error instanceof MailStoreError && (error.code === 'mailboxNotFound' || error.code === 'notPermitted'))
    return null;
  throw error;
}
