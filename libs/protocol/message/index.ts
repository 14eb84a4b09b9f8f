/** RFC 5322 and MIME: bytes to values. No I/O. */
export { parseAddressList } from './address-list.ts';
export { decodeCharset } from './charset.ts';
export { formatDate, parseDate } from './date.ts';
export { type HeaderField, parseHeaderFields } from './header-block.ts';
export { decodeHeaderField, unfold } from './header-text.ts';
export { type HtmlTextLimits, htmlToText } from './html-text.ts';
export { MESSAGE_LIMITS } from './limits.ts';
export { messageIds } from './message-id.ts';
export { type MessageParser, messageParser, parseMessage } from './message-parser.ts';
export * from './model.ts';
export { type ParameterizedValue, parseParameterized } from './parameters.ts';
export { decodeTransfer, decodeTransferAll, type TransferDecoder } from './transfer.ts';
