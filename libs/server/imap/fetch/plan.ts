import type { MessageFields, MessageSummary, StoredMessage } from '#mailstore/api';
import {
  type FetchItem,
  formatBodyStructure,
  formatDateTime,
  formatEnvelope,
  formatSectionName,
  formatString,
} from '#protocol/imap';
import { present, unreachable } from '#stdx';
import { isWholeMessage } from './sections.ts';

/** A FETCH item whose answer is bytes of the message. */
export type SectionItem = Extract<FetchItem, { kind: 'section' }>;

/** One item's answer: text made of what the store returned, or bytes to be read. */
export type FetchStep =
  | { readonly kind: 'text'; readonly render: (message: StoredMessage, flags: string) => string }
  | { readonly kind: 'section'; readonly name: string; readonly item: SectionItem };

/** What a FETCH needs of the store, and how to answer it. */
export interface FetchPlan {
  readonly steps: readonly FetchStep[];
  /** `null` when summaries are enough. */
  readonly fields: MessageFields | null;
  readonly setsSeen: boolean;
  readonly hasFlags: boolean;
  readonly hasModSeq: boolean;
  readonly hasSections: boolean;
}

/** Items that every message summary answers. */
const SUMMARY_KINDS: ReadonlySet<FetchItem['kind']> = new Set(['flags', 'uid', 'modSeq']);

export function planFetch(items: readonly FetchItem[], options: { uid: boolean; modSeq: boolean }): FetchPlan {
  const unique = new Map<string, FetchItem>();
  // UID FETCH always tells the uid (RFC 9051 §6.4.9).
  if (options.uid) unique.set('uid', { kind: 'uid' });
  for (const item of items) unique.set(keyOf(item), item);
  if (options.modSeq) unique.set('modSeq', { kind: 'modSeq' });
  const all = [...unique.values()];
  const summariesSuffice = all.every(({ kind }) => SUMMARY_KINDS.has(kind));
  return {
    steps: all.map(stepOf),
    fields: summariesSuffice
      ? null
      : {
          envelope: all.some(({ kind }) => kind === 'envelope'),
          body: all.some(needsBody),
        },
    setsSeen: all.some((item) => item.kind === 'section' && !item.peek),
    hasFlags: unique.has('flags'),
    hasModSeq: unique.has('modSeq'),
    hasSections: all.some(({ kind }) => kind === 'section'),
  };
}

const keyOf = (item: FetchItem): string => (item.kind === 'section' ? sectionKey(item) : item.kind);
const sectionKey = (item: SectionItem): string => `${formatSectionName(item)}${item.partial?.length ?? ''}`;

const needsBody = (item: FetchItem): boolean =>
  item.kind === 'body' || item.kind === 'bodyStructure' || (item.kind === 'section' && !isWholeMessage(item.section));

function stepOf(item: FetchItem): FetchStep {
  if (item.kind === 'section') return { kind: 'section', name: formatSectionName(item), item };
  return { kind: 'text', render: rendererOf(item) };
}

function rendererOf(item: Exclude<FetchItem, SectionItem>): (message: StoredMessage, flags: string) => string {
  switch (item.kind) {
    case 'flags':
      return (_, flags) => `FLAGS (${flags})`;
    case 'uid':
      return ({ uid }) => `UID ${uid}`;
    case 'modSeq':
      return ({ modSeq }) => `MODSEQ (${modSeq})`;
    case 'internalDate':
      return ({ internalDate }) => `INTERNALDATE "${formatDateTime(internalDate)}"`;
    case 'size':
      return ({ size }) => `RFC822.SIZE ${size}`;
    case 'envelope':
      return ({ envelope }) => `ENVELOPE ${formatEnvelope(present(envelope, 'envelope asked for'))}`;
    case 'body':
      return ({ body }) => `BODY ${formatBodyStructure(present(body, 'body asked for'), false)}`;
    case 'bodyStructure':
      return ({ body }) => `BODYSTRUCTURE ${formatBodyStructure(present(body, 'body asked for'), true)}`;
    case 'saveDate':
      return ({ savedDate }) => `SAVEDATE "${formatDateTime(savedDate)}"`;
    case 'preview':
      return ({ preview }) => `PREVIEW ${formatString(preview)}`;
    case 'emailId':
      return ({ messageId }) => `EMAILID (M${messageId})`;
    case 'threadId':
      return ({ threadId }) => `THREADID (T${threadId})`;
    case 'binary':
    case 'binarySize':
      throw new Error('BINARY is not offered');
    default:
      return unreachable(item);
  }
}

/** Text of an answer that needs no bytes: `UID 5 FLAGS (\Seen)`. For summaries, items other than `SUMMARY_KINDS` are not in the plan. */
export function renderText(plan: FetchPlan, message: MessageSummary, flags: string): string {
  let out = '';
  for (const step of plan.steps) {
    if (step.kind !== 'text') continue;
    out += `${out === '' ? '' : ' '}${step.render(message as StoredMessage, flags)}`;
  }
  return out;
}
