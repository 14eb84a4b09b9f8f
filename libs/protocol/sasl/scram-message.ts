import { IDENTITY_BYTES_MAX, RESPONSE_BYTES_MAX } from './exchange.ts';
import { saslPrep } from './sasl-prep.ts';
import { utf8Text } from './text.ts';

/** RFC 5802 §7, client-first-message. */
export interface ClientFirst {
  /** As sent, to be repeated in the client's final message. */
  readonly gs2Header: string;
  /** `n`: none wanted; `y`: wanted, but not offered; otherwise the binding's name. */
  readonly channelBinding: 'n' | 'y' | { readonly name: string };
  readonly authorizationId: string;
  readonly username: string;
  readonly nonce: string;
  /** client-first-message-bare, part of what is signed. */
  readonly bare: string;
}

/** RFC 5802 §7, client-final-message. */
export interface ClientFinal {
  readonly channelBinding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  /** client-final-message-without-proof, part of what is signed. */
  readonly withoutProof: string;
}

/** Printable ASCII but the comma (RFC 5802 §7); a bound of our own, as real ones have 24 to 48. */
const NONCE = /^[\x21-\x2b\x2d-\x7e]{1,512}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** `null` when it is not one, or asks for a mandatory extension (`m=`), of which there are none. */
export function parseClientFirst(message: Buffer): ClientFirst | null {
  const text = utf8Text(message, RESPONSE_BYTES_MAX);
  const match = /^((n|y|p=([A-Za-z0-9.-]{1,64})),(?:a=([^,]*))?,)(n=([^,]*),r=([^,]*)(?:,[A-Za-z]=[^,]*)*)$/.exec(
    text ?? '',
  );
  if (!match) return null;
  const [, gs2Header, flag, name, authzid, bare, user, nonce] = match;
  const authorizationId = authzid === undefined ? '' : identity(authzid);
  const username = identity(user!);
  if (!username || authorizationId === null || !NONCE.test(nonce!)) return null;
  const channelBinding = name !== undefined ? { name } : flag === 'y' ? 'y' : 'n';
  return { gs2Header: gs2Header!, channelBinding, authorizationId, username, nonce: nonce!, bare: bare! };
}

/** A saslname: `=2C` and `=3D` stand for comma and equals sign, and no other = may be (RFC 5802 §5.1). */
export function identity(saslname: string): string | null {
  if (Buffer.byteLength(saslname) > IDENTITY_BYTES_MAX || /=(?!2C|3D)/.test(saslname)) return null;
  return saslPrep(saslname.replaceAll('=2C', ',').replaceAll('=3D', '='));
}

export function parseClientFinal(message: Buffer): ClientFinal | null {
  const text = utf8Text(message, RESPONSE_BYTES_MAX);
  const match = /^(c=([^,]*),r=([^,]*)(?:,[A-Za-z]=[^,]*)*),p=([^,]*)$/.exec(text ?? '');
  if (!match) return null;
  const [, withoutProof, binding, nonce, proof] = match;
  if (!BASE64.test(binding!) || !BASE64.test(proof!)) return null;
  return {
    channelBinding: Buffer.from(binding!, 'base64'),
    nonce: nonce!,
    proof: Buffer.from(proof!, 'base64'),
    withoutProof: withoutProof!,
  };
}
