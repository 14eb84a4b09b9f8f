import { ArgumentReader } from '../argument-reader.ts';
import { ImapSyntaxError } from '../errors.ts';
import { canonicalMailboxName } from '../mailbox-name.ts';
import { type PartialRange, parseSection, type Section } from './fetch.ts';

/** An URL of this server's own: a message, or a part of one. RFC 5092 §6. */
export interface MessageUrl {
  /** `null` for the selected mailbox. */
  readonly mailbox: string | null;
  /** `null` when it does not say. */
  readonly uidValidity: number | null;
  readonly uid: number;
  readonly section: Section;
  /** URL-PARTIAL, RFC 5550 §3.1. */
  readonly partial: PartialRange | null;
}

const MESSAGE =
  /^(?:\/(?<mailbox>[^;?]+?)(?:;UIDVALIDITY=(?<validity>\d{1,10}))?\/|\/?);UID=(?<uid>\d{1,10})(?:\/;SECTION=(?<section>[^;]+?))?(?:\/;PARTIAL=(?<start>\d{1,15})(?:\.(?<length>\d{1,15}))?)?$/i;
const UINT32_MAX = 0xffff_ffff;

/** Reads `/Drafts;UIDVALIDITY=3/;UID=20/;SECTION=1.2`, or `;UID=20` in the selected mailbox; `null` for any other URL. */
export function parseMessageUrl(url: string): MessageUrl | null {
  const groups = MESSAGE.exec(url)?.groups;
  if (!groups) return null;
  try {
    const { mailbox, validity, section, start, length } = groups;
    const uid = Number(groups['uid']);
    if (uid === 0 || uid > UINT32_MAX || Number(length) === 0) return null;
    return {
      mailbox: mailbox === undefined ? null : canonicalMailboxName(decodeURIComponent(mailbox)),
      uidValidity: validity === undefined ? null : Number(validity),
      uid,
      section: readSection(decodeURIComponent(section ?? '')),
      partial: start === undefined ? null : { start: Number(start), length: Number(length ?? Number.MAX_SAFE_INTEGER) },
    };
  } catch (error) {
    // No percent-encoding, or no section.
    if (error instanceof URIError || error instanceof ImapSyntaxError) return null;
    throw error;
  }
}

function readSection(text: string): Section {
  const reader = new ArgumentReader(Buffer.from(`${text}]`));
  const section = parseSection(reader);
  reader.end();
  return section;
}
