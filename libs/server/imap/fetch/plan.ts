import type { MessageFields, MessageSummary, StoredMessage } from '#mailstore/api';
import {
  type FetchItem,
  formatBinaryName,
  formatBodyStructure,
  formatDateTime,
  formatEnvelope,
  formatSectionName,
  type StringFormat,
} from '#protocol/imap';
import { present, unreachable } from '#stdx';
import { emailObjectId } from '../object-ids.ts';
import { isWholeMessage } from './sections.ts';

/** A FETCH item whose answer is bytes of the message. */
export type SectionItem = Extract<FetchItem, { kind: 'section' }>;

/** A FETCH item whose answer is made of a part's bytes, its transfer encoding undone. */
export type BinaryItem = Extract<FetchItem, { kind: 'binary' | 'binarySize' }>;
type BytesItem = SectionItem | BinaryItem;

/** One item's answer: text made of what the store returned, or bytes to be read. */
export type FetchStep =
  | { readonly kind: 'text'; readonly render: (message: StoredMessage, flags: string) => string }
  | { readonly kind: 'bytes'; readonly name: string; readonly item: BytesItem };

/** What a FETCH needs of the store, and how to answer it. */
export interface FetchPlan {
  readonly steps: readonly FetchStep[];
  /** `null` when summaries are enough. */
  readonly fields: MessageFields | null;
  readonly setsSeen: boolean;
  readonly hasFlags: boolean;
  readonly hasModSeq: boolean;
  readonly hasBytes: boolean;
}

/** Items that every message summary answers. */
const SUMMARY_KINDS: ReadonlySet<FetchItem['kind']> = new Set(['flags', 'uid', 'modSeq']);

export function planFetch(
  items: readonly FetchItem[],
  options: { readonly uid: boolean; readonly modSeq: boolean; readonly text: StringFormat },
): FetchPlan {
  const unique = new Map<string, FetchItem>();
  // UID FETCH always tells the uid (RFC 9051 §6.4.9).
  if (options.uid) unique.set('uid', { kind: 'uid' });
  for (const item of items) unique.set(keyOf(item), item);
  if (options.modSeq) unique.set('modSeq', { kind: 'modSeq' });
  const all = [...unique.values()];
  const summariesSuffice = all.every(({ kind }) => SUMMARY_KINDS.has(kind));
  return {
    steps: all.map((item) => stepOf(item, options.text)),
    fields: summariesSuffice
      ? null
      : {
          envelope: all.some(({ kind }) => kind === 'envelope'),
          body: all.some(needsBody),
        },
    setsSeen: all.some((item) => (item.kind === 'section' || item.kind === 'binary') && !item.peek),
    hasFlags: unique.has('flags'),
    hasModSeq: unique.has('modSeq'),
    hasBytes: all.some(isBytes),
  };
}

const isBytes = (item: FetchItem): item is BytesItem =>
  item.kind === 'section' || item.kind === 'binary' || item.kind === 'binarySize';

const nameOf = (item: BytesItem): string =>
  item.kind === 'section' ? formatSectionName(item) : formatBinaryName(item);

function keyOf(item: FetchItem): string {
  if (!isBytes(item)) return item.kind;
  return `${nameOf(item)}${(item.kind !== 'binarySize' && item.partial?.length) || ''}`;
}

function needsBody(item: FetchItem): boolean {
  if (item.kind === 'section') return !isWholeMessage(item.section);
  return item.kind === 'body' || item.kind === 'bodyStructure' || isBytes(item);
}

function stepOf(item: FetchItem, text: StringFormat): FetchStep {
  if (isBytes(item)) return { kind: 'bytes', name: nameOf(item), item };
  return { kind: 'text', render: rendererOf(item, text) };
}

function rendererOf(
  item: Exclude<FetchItem, BytesItem>,
  text: StringFormat,
): (message: StoredMessage, flags: string) => string {
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
      return ({ envelope }) => `ENVELOPE ${formatEnvelope(present(envelope, 'envelope asked for'), text)}`;
    case 'body':
      return ({ body }) => `BODY ${formatBodyStructure(present(body, 'body asked for'), false, text)}`;
    case 'bodyStructure':
      return ({ body }) => `BODYSTRUCTURE ${formatBodyStructure(present(body, 'body asked for'), true, text)}`;
    case 'saveDate':
      return ({ savedDate }) => `SAVEDATE "${formatDateTime(savedDate)}"`;
    case 'preview':
      return ({ preview }) => `PREVIEW ${text(preview)}`;
    case 'emailId':
      return (message) => `EMAILID (${emailObjectId(message)})`;
    case 'threadId':
      return ({ threadId }) => `THREADID (${threadId})`;
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
