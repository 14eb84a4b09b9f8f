import type { MessageLimits } from './model.ts';

/** Defaults of `MessageLimits`; where each comes from is told there. */
export const MESSAGE_LIMITS: MessageLimits = {
  depthMax: 100,
  partsMax: 10_000,
  headerBytesMax: 262_144,
  headerBytesTotalMax: 4_194_304,
  addressesMax: 1_000,
};

/** RFC 2046 §5.1.1 allows 70; mail in the wild has had 7,000. A longer one makes the multipart unreadable. */
export const BOUNDARY_BYTES_MAX = 8_192;

/** Encoded bytes of one text/plain part kept for the preview: 200 characters of four bytes each, quoted-printable, and room for blank lines. */
export const PREVIEW_PLAIN_BYTES = 4_096;

/** The same of text/html, whose head may hold tens of kilobytes of style sheet. */
export const PREVIEW_HTML_BYTES = 65_536;

/** RFC 8970 §3.1: a preview SHOULD be at most 200 characters. */
export const PREVIEW_CHARACTERS_MAX = 200;

/** Parameters kept of one Content-Type or Content-Disposition, and characters of one value. File names reach a few hundred. */
export const PARAMETERS_MAX = 64;
export const PARAMETER_VALUE_MAX = 8_192;

/** Ids kept of References: RFC 5537 §3.4.4 trims at about 20; threads of a few hundred exist. */
export const REFERENCES_MAX = 100;
