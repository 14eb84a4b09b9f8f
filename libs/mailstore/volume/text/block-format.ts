/**
 * A block is the folded texts of some messages of an account, so that any string can be found in them without reading the
 * messages. It lies in the index in parts, so that a search reads no more than it needs: one a section that holds each message's
 * words in their order, from which its text could be made again; the head; one a section of the words that occur once in the block;
 * and which messages hold which of the other words, the postings, as many as there are.
 *
 * Head: `HEAD_INTS` numbers of 4 bytes (little-endian), then, each as long as they say:
 * - messages: by varints, twice the distance from the one before, and 1 when its texts are not here (too long, or not to be
 *   read); then for each section the bytes of its sequence, how many of its words occur once in the block, and the bytes of those;
 * - names of header fields, JSON;
 * - words, the most frequent first, each ended by 0xff, the first begun by one, zstd;
 * - for every `SAMPLE`th word, where in the words it begins, and in which of the postings, and where there.
 *
 * Words that occur once are in the order of their occurrence, written as the words of the head. Postings are for each word the bytes that
 * follow, which sections hold it (bits 0–2; bits 3–5: as a bitmap), and for each of those the bytes and the messages, by
 * varints of their distances or as a bitmap.
 *
 * A sequence is codes (`ints.ts`): `PIECE` begins one of the texts, in a header with the number of its field after it; `ONCE`
 * is the next of the words that occur once; the others are words + `FIRST_WORD`. Those of headers, much of which is the same in all, are
 * zstd; in a body's it would win little and cost each search for a phrase.
 */
export const SECTIONS = [0, 1, 2] as const;
/** Fields that are asked for by name, the rest of the header, the body. */
export type Section = (typeof SECTIONS)[number];
const NAMED: Section = 0;
const HEADER: Section = 1;
export const BODY: Section = 2;

/** Fields of the first section. RFC 9051 §6.4.4 has keys for most of them; JMAP for the others. */
const NAMED_FIELDS: ReadonlySet<string> = new Set(['from', 'sender', 'reply-to', 'to', 'cc', 'bcc', 'subject']);
export const sectionOf = (field: string): Section => (NAMED_FIELDS.has(field) ? NAMED : HEADER);

export const isPacked = (section: Section): boolean => section !== BODY;

export const PIECE = 0;
export const ONCE = 1;
export const FIRST_WORD = 2;

export const SAMPLE = 16;
export const WORD_END = 0xff;

/** Format, messages, words, then the lengths of: messages, names, words; samples are the rest. */
export const HEAD_INTS = 6;
export const FORMAT = 1;

/** A block as it is stored: sequences by section, then what these say. */
export type BlockParts = readonly Uint8Array[];
export const HEAD_PART = SECTIONS.length;
export const oncePart = (section: Section): number => HEAD_PART + 1 + section;
export const POSTINGS_PART = HEAD_PART + 1 + SECTIONS.length;
/** Bytes of postings after which the next part begins: what is read for one word. */
export const POSTINGS_BYTES = 32 * 1_024;
