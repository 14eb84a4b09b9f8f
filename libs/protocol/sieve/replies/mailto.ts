import { singleAddress } from '../addresses.ts';

/** What a `mailto:` URI of `notify` asks for (RFC 6068, as RFC 5436 §2 uses it). */
export interface Mailto {
  readonly recipients: readonly string[];
  readonly subject: string | null;
  readonly body: string | null;
  readonly fields: readonly (readonly [string, string])[];
}

const RECIPIENTS_MAX = 8;
// RFC 5436 §2.2: a URI may not set who sends, when, or how a message came; unknown fields pass.
const FORBIDDEN =
  /^(?:from|sender|reply-to|return-path|bcc|date|message-id|received|auto-submitted|dkim-signature|mime-version|content-.*|resent-.*|list-.*)$/i;

/** `null` when it is no such URI, names nobody, or too many. */
export function parseMailto(uri: string): Mailto | null {
  const found = /^mailto:([^?#]*)(?:\?([^#]*))?$/i.exec(uri);
  if (!found) return null;
  try {
    return read(
      decodeURIComponent(found[1]!),
      (found[2] ?? '').split('&').filter((pair) => pair !== ''),
    );
  } catch {
    // decodeURIComponent met bytes that are not UTF-8.
    return null;
  }
}

function read(to: string, pairs: readonly string[]): Mailto | null {
  const addresses = to === '' ? [] : to.split(',');
  const fields: (readonly [string, string])[] = [];
  let [subject, body]: [string | null, string | null] = [null, null];
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals <= 0) return null;
    const name = decodeURIComponent(pair.slice(0, equals)).toLowerCase();
    const value = decodeURIComponent(pair.slice(equals + 1));
    if (name === 'to' || name === 'cc') addresses.push(...value.split(','));
    else if (name === 'subject') subject ??= value;
    else if (name === 'body') body ??= value;
    else if (/^[\x21-\x39\x3b-\x7e]{1,76}$/.test(name) && !FORBIDDEN.test(name)) fields.push([name, value]);
  }
  const recipients = addresses.map((address) => singleAddress(address.trim()));
  if (recipients.length === 0 || recipients.length > RECIPIENTS_MAX) return null;
  return recipients.every((address) => address !== null)
    ? { recipients: [...new Set(recipients)], subject, body, fields: fields.slice(0, 16) }
    : null;
}
