import type { NotifyMark, NotifyRequest } from '#protocol/imap';
import type { CommandSession } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { MailboxNews } from './mailbox-news.ts';
import { BEFORE_NOTIFY, type SelectedNews, selectedNews } from './selected-news.ts';

const NOTHING: NotifyRequest = { selected: null, groups: [] };

/** What the client has asked by NOTIFY to hear of, and the news of it. RFC 5465. */
export class Notifier {
  selected: SelectedNews = BEFORE_NOTIFY;
  private request: NotifyRequest | null = null;
  private mailboxes: MailboxNews | null = null;

  constructor(
    private readonly session: CommandSession,
    /** Called when there is news to tell. */
    private readonly wake: () => void,
  ) {}

  /** Replaces what was asked before, or leaves it when refused. */
  async set(request: NotifyRequest, status: boolean): Promise<void> {
    const mailboxes = this.newsFor(request);
    await begun(mailboxes, mailboxes?.begin(status));
    this.replace(request, mailboxes);
  }

  get pending(): boolean {
    return this.mailboxes?.pending ?? false;
  }

  /** Tells news of mailboxes that are not selected. */
  async tell(): Promise<void> {
    try {
      await this.mailboxes?.tell();
    } catch (error) {
      if (!(error instanceof ImapRefusal)) throw error;
      this.overflow(error.text);
    }
  }

  stop(): void {
    this.mailboxes?.stop();
  }

  toMark(): NotifyMark | null {
    const { request, mailboxes } = this;
    return request && { request, mailboxes: mailboxes?.toMark() ?? null };
  }

  /** Goes on from the mark of another owner. What cannot be known any more is said to be lost, and the client asks anew. */
  async resume(mark: NotifyMark): Promise<void> {
    if (mark === 'lost') return this.overflow('Ask anew for what you want to hear');
    const mailboxes = this.newsFor(mark.request);
    const goesOn = await begun(mailboxes, mark.mailboxes === null ? undefined : mailboxes?.resume(mark.mailboxes));
    if (goesOn === false) {
      mailboxes?.stop();
      this.overflow('Mailboxes have changed, look at them anew');
    } else this.replace(mark.request, mailboxes);
  }

  private newsFor(request: NotifyRequest): MailboxNews | null {
    return request.groups.length > 0 ? new MailboxNews(this.session, request.groups, this.wake) : null;
  }

  private replace(request: NotifyRequest, mailboxes: MailboxNews | null): void {
    this.stop();
    this.request = { selected: request.selected, groups: request.groups };
    this.selected = selectedNews(request);
    this.mailboxes = mailboxes;
  }

  /** RFC 5465 §5.8: from here on as after NOTIFY NONE. */
  private overflow(text: string): void {
    this.session.out.untagged(`OK [NOTIFICATIONOVERFLOW] ${text}`);
    this.replace(NOTHING, null);
  }
}

/** What was begun, or nothing of it. */
async function begun<T>(mailboxes: MailboxNews | null, beginning: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await beginning;
  } catch (error) {
    mailboxes?.stop();
    throw error;
  }
}
