import type { UidRange } from './model.ts';

/** What to look for: a tree that IMAP SEARCH, JMAP Email/query and the webmail's search box all translate to. */
export type MessageFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly of: readonly MessageFilter[] }
  | { readonly kind: 'not'; readonly of: MessageFilter }
  | { readonly kind: 'uids'; readonly ranges: readonly UidRange[] }
  | { readonly kind: 'keyword'; readonly keyword: string }
  /** UIDs at or above the mailbox's recent mark. */
  | { readonly kind: 'uidFrom'; readonly uid: number }
  | { readonly kind: 'sizeOver' | 'sizeUnder'; readonly bytes: number }
  /** `field` compared with [from, to): milliseconds since the epoch; either bound may be open. `sentAt` falls back to internalDate where the message has no Date. */
  | {
      readonly kind: 'date';
      readonly field: 'internalDate' | 'sentAt' | 'savedDate';
      readonly from?: number;
      readonly to?: number;
    }
  | { readonly kind: 'modSeqFrom'; readonly modSeq: number }
  /** Header field's decoded value contains `text` (case-insensitive); '' asks only that the field is there. */
  | { readonly kind: 'header'; readonly field: string; readonly text: string }
  /** Decoded text of the body parts contains it, case-insensitive. */
  | { readonly kind: 'body'; readonly text: string }
  /** Header or body contains it. */
  | { readonly kind: 'text'; readonly text: string };
