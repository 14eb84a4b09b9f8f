import type { ArgumentReader } from '../argument-reader.ts';
import { type NameEncoding, readMailboxName } from '../mailbox-name.ts';

/** Commands without arguments. */
export function parseNothing(reader: ArgumentReader): null {
  reader.end();
  return null;
}

/** RFC 9051 §6.2.3. */
export function parseLogin(reader: ArgumentReader): { readonly username: string; readonly password: string } {
  const username = reader.astring('a user name');
  reader.space();
  const password = reader.astring('a password');
  reader.end();
  return { username, password };
}

/** RFC 9051 §6.2.2. `initialResponse` is base64 as sent, `=` for an empty one, `null` when there is none. */
export function parseAuthenticate(reader: ArgumentReader): {
  readonly mechanism: string;
  readonly initialResponse: string | null;
} {
  const mechanism = reader.keyword('a SASL mechanism');
  const initialResponse = reader.accept(' ') ? reader.astring('an initial response') : null;
  reader.end();
  return { mechanism, initialResponse };
}

/** Capability names in upper case. RFC 5161 §3.1. */
export function parseEnable(reader: ArgumentReader): { readonly capabilities: readonly string[] } {
  const capabilities = [reader.keyword('a capability')];
  while (reader.accept(' ')) capabilities.push(reader.keyword('a capability'));
  reader.end();
  return { capabilities };
}

/** RFC 4978 §3. */
export function parseCompress(reader: ArgumentReader): { readonly algorithm: string } {
  const algorithm = reader.keyword('a compression algorithm');
  reader.end();
  return { algorithm };
}

/** RFC 2971 §3.3: at most 30 fields, names up to 30 bytes, values up to 1,024. `null` for NIL. */
export function parseId(reader: ArgumentReader): { readonly fields: ReadonlyMap<string, string | null> | null } {
  if (reader.acceptWord('NIL')) {
    reader.end();
    return { fields: null };
  }
  const fields = new Map<string, string | null>();
  reader.nested(() => {
    while (!reader.accept(')')) {
      if (fields.size > 0) reader.space();
      const name = reader.string('a field name');
      reader.space();
      const value = reader.nstring('a field value');
      if (fields.size === 30 || name.length > 30 || (value?.length ?? 0) > 1_024) reader.fail('ID is too long');
      fields.set(name.toLowerCase(), value);
    }
  });
  reader.end();
  return { fields };
}

/** GETQUOTA. RFC 9208 §4.1.1. */
export function parseQuotaRoot(reader: ArgumentReader): { readonly root: string } {
  const root = reader.astring('a quota root');
  reader.end();
  return { root };
}

/** GETQUOTAROOT. RFC 9208 §4.1.2. */
export function parseGetQuotaRoot(reader: ArgumentReader, encoding: NameEncoding): { readonly mailbox: string } {
  const mailbox = readMailboxName(reader, encoding);
  reader.end();
  return { mailbox };
}
