import { ImapSyntaxError } from '#protocol/imap';

/** IMAP's system flags and the store's keywords for them. RFC 8621 §4.1.1. */
const SYSTEM: readonly (readonly [flag: string, keyword: string])[] = [
  ['\\Answered', '$answered'],
  ['\\Flagged', '$flagged'],
  ['\\Deleted', '$deleted'],
  ['\\Seen', '$seen'],
  ['\\Draft', '$draft'],
];

/** Keywords of the IANA registry as it spells them: the store keeps lower case, clients compare as they like. */
const SPELLING: readonly string[] = [
  '$Forwarded',
  '$MDNSent',
  '$SubmitPending',
  '$Submitted',
  '$Junk',
  '$NotJunk',
  '$Phishing',
  '$Important',
  '$MailFlagBit0',
  '$MailFlagBit1',
  '$MailFlagBit2',
  'Junk',
  'NonJunk',
];

const TO_KEYWORD = new Map(SYSTEM.map(([flag, keyword]) => [flag.toLowerCase(), keyword]));
const TO_FLAG = new Map([
  ...SYSTEM.map(([flag, keyword]) => [keyword, flag] as const),
  ...SPELLING.map((spelled) => [spelled.toLowerCase(), spelled] as const),
]);

/** Told in FLAGS on SELECT: what every mailbox knows. */
export const COMMON_FLAGS = [
  ...SYSTEM.map(([flag]) => flag),
  '$Forwarded',
  '$MDNSent',
  '$Junk',
  '$NotJunk',
  '$Phishing',
];

/** The store's keyword for a flag a client sent. Throws `ImapSyntaxError` for `\Recent` and system flags nobody knows. */
export function keywordOf(flag: string): string {
  const known = TO_KEYWORD.get(flag.toLowerCase());
  if (known) return known;
  if (flag.startsWith('\\')) throw new ImapSyntaxError('This flag cannot be set by a client');
  return flag.toLowerCase();
}

export const keywordsOf = (flags: readonly string[]): readonly string[] => [...new Set(flags.map(keywordOf))];

const flagOf = (keyword: string): string => TO_FLAG.get(keyword) ?? keyword;

/** Lists of flags already put together, by their keywords: a mailbox has few different ones. Bounded. */
const rendered = new Map<string, string>();
const RENDERED_MAX = 4_096;

/** `\Seen $Forwarded`, without parentheses. */
export function formatFlags(keywords: readonly string[], recent: boolean): string {
  const flags = keywords.length === 0 ? '' : keywords.length === 1 ? flagOf(keywords[0]!) : formatMany(keywords);
  if (!recent) return flags;
  return flags === '' ? '\\Recent' : `${flags} \\Recent`;
}

function formatMany(keywords: readonly string[]): string {
  const key = keywords.join(' ');
  let flags = rendered.get(key);
  if (flags === undefined) {
    flags = keywords.map(flagOf).join(' ');
    if (rendered.size >= RENDERED_MAX) rendered.clear();
    rendered.set(key, flags);
  }
  return flags;
}
