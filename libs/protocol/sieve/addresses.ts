import { type Address, headerText, parseAddressList } from '#protocol/message';

/** Header fields whose values are addresses: RFC 5228 §5.1 wants no others tested, and these at least. */
const ADDRESS_FIELDS = new Set(
  'from to cc bcc sender reply-to resent-from resent-to resent-cc resent-bcc resent-sender resent-reply-to return-path delivered-to x-original-to envelope-to errors-to disposition-notification-to apparently-to mail-followup-to mail-reply-to return-receipt-to x-delivered-to x-forwarded-to x-forwarded-for list-post'.split(
    ' ',
  ),
);

export const isAddressField = (name: string): boolean => ADDRESS_FIELDS.has(name.toLowerCase());

const specOf = ({ mailbox, host }: Address): string => (host ? `${mailbox}@${host}` : (mailbox ?? ''));

/** Addresses of a field's value as sent, group markers left out: `user@host`. */
export function addressesIn(rawValue: string): readonly string[] {
  return parseAddressList(headerText(rawValue))
    .filter(({ mailbox, host }) => mailbox !== null && host !== null)
    .map(specOf);
}

/** The split is at the last `@`, which a domain cannot hold. */
export function splitAddress(address: string): { readonly localPart: string; readonly domain: string } {
  const at = address.lastIndexOf('@');
  return at < 0
    ? { localPart: address, domain: '' }
    : { localPart: address.slice(0, at), domain: address.slice(at + 1) };
}

/** `user@host` out of what a script says: a bare address, or one with a name. `null` when it is not exactly one. */
export function singleAddress(text: string): string | null {
  if (/[\r\n\0]/.test(text)) return null;
  const found = parseAddressList(text);
  const [address] = found;
  if (found.length !== 1 || !address?.mailbox || !address.host) return null;
  const spec = specOf(address);
  return Buffer.byteLength(spec) <= 254 && !/[\s<>,;\\"()]/.test(spec) ? spec : null;
}
