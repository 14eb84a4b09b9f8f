/** RFC 5322 and MIME: bytes to values. No I/O. */
export { formatAddress, formatAddressList, formatAddrSpec } from './address-format.ts';
export { parseAddressList } from './address-list.ts';
export { decodeCharset } from './charset.ts';
export { formatDate, parseDate } from './date.ts';
export { DotStuffer } from './dot-stuffing.ts';
export { type HeaderField, parseHeaderFields } from './header-block.ts';
export { decodeHeaderField, headerText, unfold } from './header-text.ts';
export { encodeHeaderText, headerField } from './header-write.ts';
export { type HtmlTextLimits, htmlToText } from './html-text.ts';
export { MESSAGE_LIMITS } from './limits.ts';
export { messageIds } from './message-id.ts';
export { type MessageParser, messageParser, parseMessage } from './message-parser.ts';
export * from './model.ts';
export { packBody, packEnvelope, unpackBody, unpackEnvelope, unpackSubject, unpackThreading } from './packed.ts';
export { encodeParameters } from './parameter-write.ts';
export { type ParameterizedValue, parseParameterized } from './parameters.ts';
export {
  decodedText,
  fileName,
  searchableAddress,
  searchableText,
  type TextLimits,
  textOf,
  textParts,
} from './part-text.ts';
export { buildReport, type DeliveryReport, type ReportedRecipient } from './report.ts';
export {
  type ByteRange,
  eachPart,
  findPart,
  findPartAt,
  type NumberedPart,
  type SectionText,
  sectionRange,
} from './sections.ts';
export { baseSubject, isReplySubject } from './subject.ts';
export { hasBinaryPart, withoutBinary } from './transcode.ts';
export { decodeTransfer, decodeTransferAll, isKnownEncoding } from './transfer.ts';
export type { TransferDecoder } from './transfer-decoder.ts';
