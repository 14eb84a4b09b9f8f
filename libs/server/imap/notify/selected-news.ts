import type { FetchItem, NotifyRequest } from '#protocol/imap';

/** What is told of the selected mailbox, and when. RFC 5465 §3.1, §6.1. */
export interface SelectedNews {
  /** EXISTS and EXPUNGE are told. Without, the client keeps the mailbox as it was, but for what its own commands change. */
  readonly messages: boolean;
  readonly flags: boolean;
  /** While no command is at work: nothing, all but expunges, or all. */
  readonly unasked: 'nothing' | 'delayed' | 'all';
  /** What is told of each new message besides EXISTS. */
  readonly fetch: readonly FetchItem[];
}

/** Until the first NOTIFY, as IMAP always was. */
export const BEFORE_NOTIFY: SelectedNews = { messages: true, flags: true, unasked: 'nothing', fetch: [] };
const SILENCE: SelectedNews = { messages: false, flags: false, unasked: 'nothing', fetch: [] };

export function selectedNews({ selected }: NotifyRequest): SelectedNews {
  if (!selected?.events.includes('MessageNew')) return SILENCE;
  return {
    messages: true,
    flags: selected.events.includes('FlagChange'),
    unasked: selected.delayed ? 'delayed' : 'all',
    fetch: selected.fetch,
  };
}
