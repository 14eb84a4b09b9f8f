import type { ListedMessage, MessageFields, StoredMessage } from '#mailstore/api';
import {
  type FetchItem,
  formatBinaryName,
  formatBodyStructure,
  formatDateTime,
  formatEnvelope,
  formatPackedEnvelope,
  formatSectionName,
  type StringFormat,
} from '#protocol/imap';
import { unpackBody } from '#protocol/message';
import { present } from '#stdx';
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
  readonly fields: MessageFields;
  /** When the narrow rows are enough: what is told of them, in this order. */
  readonly flagsItems: readonly FlagsItem[] | null;
  /** When what lists show is enough: how each item is told, in this order. */
  readonly listing: readonly ((message: ListedMessage, flags: string) => string)[] | null;
  readonly setsSeen: boolean;
  readonly hasFlags: boolean;
  readonly hasModSeq: boolean;
  readonly hasBytes: boolean;
}

/** Items that the narrow rows answer. */
export type FlagsItem = 'flags' | 'uid' | 'modSeq';

const isFlagsItem = (kind: FetchItem['kind']): kind is FlagsItem =>
  kind === 'flags' || kind === 'uid' || kind === 'modSeq';

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
  const kinds = all.map(({ kind }) => kind);
  return {
    steps: all.map((item) => stepOf(item, options.text)),
    fields: {
      envelope: all.some(({ kind }) => kind === 'envelope'),
      body: all.some(needsBody),
    },
    flagsItems: kinds.every(isFlagsItem) ? kinds : null,
    listing: all.every(isListed) ? all.map((item) => listedRendererOf(item, options.text)) : null,
    setsSeen: all.some((item) => (item.kind === 'section' || item.kind === 'binary') && !item.peek),
    hasFlags: unique.has('flags'),
    hasModSeq: unique.has('modSeq'),
    hasBytes: all.some(isBytes),
  };
}

/** Items that are told of what lists show. */
type ListedItem = { readonly kind: NarrowKind | 'envelope' | 'body' | 'bodyStructure' };

const isListed = (item: FetchItem): item is ListedItem =>
  !isBytes(item) && item.kind !== 'preview' && item.kind !== 'emailId' && item.kind !== 'threadId';

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

type NarrowKind = FlagsItem | 'internalDate' | 'size' | 'saveDate';
type Narrow = Pick<ListedMessage, 'uid' | 'modSeq' | 'internalDate' | 'size' | 'savedDate'>;

/** Told alike of listed and of stored messages. */
const NARROW: Readonly<Record<NarrowKind, (message: Narrow, flags: string) => string>> = {
  flags: (_, flags) => `FLAGS (${flags})`,
  uid: ({ uid }) => `UID ${uid}`,
  modSeq: ({ modSeq }) => `MODSEQ (${modSeq})`,
  internalDate: ({ internalDate }) => `INTERNALDATE "${formatDateTime(internalDate)}"`,
  size: ({ size }) => `RFC822.SIZE ${size}`,
  saveDate: ({ savedDate }) => `SAVEDATE "${formatDateTime(savedDate)}"`,
};

function listedRendererOf({ kind }: ListedItem, text: StringFormat): (message: ListedMessage, flags: string) => string {
  switch (kind) {
    case 'envelope':
      return ({ envelope }) => `ENVELOPE ${formatPackedEnvelope(present(envelope, 'envelope asked for'), text)}`;
    case 'body':
      return ({ body }) => `BODY ${formatBodyStructure(unpackBody(present(body, 'body asked for')), false, text)}`;
    case 'bodyStructure':
      return ({ body }) =>
        `BODYSTRUCTURE ${formatBodyStructure(unpackBody(present(body, 'body asked for')), true, text)}`;
    default:
      return NARROW[kind];
  }
}

function rendererOf(
  item: Exclude<FetchItem, BytesItem>,
  text: StringFormat,
): (message: StoredMessage, flags: string) => string {
  switch (item.kind) {
    case 'envelope':
      return ({ envelope }) => `ENVELOPE ${formatEnvelope(present(envelope, 'envelope asked for'), text)}`;
    case 'body':
      return ({ body }) => `BODY ${formatBodyStructure(present(body, 'body asked for'), false, text)}`;
    case 'bodyStructure':
      return ({ body }) => `BODYSTRUCTURE ${formatBodyStructure(present(body, 'body asked for'), true, text)}`;
    case 'preview':
      return ({ preview }) => `PREVIEW ${text(preview)}`;
    case 'emailId':
      return (message) => `EMAILID (${emailObjectId(message)})`;
    case 'threadId':
      return ({ threadId }) => `THREADID (${threadId})`;
    default:
      return NARROW[item.kind];
  }
}
