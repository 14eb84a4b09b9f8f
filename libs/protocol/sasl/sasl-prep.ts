/** RFC 3454 table B.1: mapped to nothing. */
const NOTHING = /[\ufe00-\ufe0f\u180b-\u180d\u034f\u00ad\u1806\u200b-\u200d\u2060\ufeff]/gu;
/** Table C.1.2: blanks beyond ASCII, mapped to SPACE. */
const BLANKS = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
/** Tables C.2 to C.9: controls, private use, non-characters, surrogates, what is no plain text, what changes display, tags; NFKC has removed C.8's two accents. */
const PROHIBITED =
  /[\0-\x1f\x7f-\x9f\u06dd\u070f\u180e\u200c-\u200f\u2028-\u202e\u2060-\u2063\u206a-\u206f\ufeff\ufff9-\ufffd\u2ff0-\u2ffb\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}]/u;
/** Table D.1: right-to-left. */
const RIGHT_TO_LEFT =
  /[\u05be\u05c0\u05c3\u05d0-\u05ea\u05f0-\u05f4\u061b\u061f\u0621-\u063a\u0640-\u064a\u066d-\u066f\u0671-\u06d5\u06dd\u06e5\u06e6\u06fa-\u06fe\u0700-\u070d\u0710\u0712-\u072c\u0780-\u07a5\u07b1\u200f\ufb1d\ufb1f-\ufb28\ufb2a-\ufb36\ufb38-\ufb3c\ufb3e\ufb40\ufb41\ufb43\ufb44\ufb46-\ufbb1\ufbd3-\ufd3d\ufd50-\ufd8f\ufd92-\ufdc7\ufdf0-\ufdfc\ufe70-\ufe74\ufe76-\ufefc]/u;

/**
 * RFC 4013 SASLprep of a user name or password; `null` when it holds what the profile prohibits or mixes directions against
 * RFC 3454 §6. Unassigned code points are allowed, as in a query. Printable ASCII is unchanged. Whoever stores a password's
 * hash must hash the prepared form, or clients that type it otherwise composed will not get in.
 */
export function saslPrep(text: string): string | null {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const prepared = text.replace(BLANKS, ' ').replace(NOTHING, '').normalize('NFKC');
  if (PROHIBITED.test(prepared)) return null;
  return hasSoundDirection(prepared) ? prepared : null;
}

/** RFC 3454 §6. Table D.2 is read as: letters that are not of table D.1. */
function hasSoundDirection(text: string): boolean {
  if (!RIGHT_TO_LEFT.test(text)) return true;
  const characters = [...text];
  const isRightToLeft = (character: string | undefined): boolean => RIGHT_TO_LEFT.test(character ?? '');
  if (characters.some((character) => /\p{L}/u.test(character) && !isRightToLeft(character))) return false;
  return isRightToLeft(characters[0]) && isRightToLeft(characters.at(-1));
}
