/** What CAPA lists. RFC 2449 §6; the list may differ before and after login. */
export function capabilities(options: {
  /** `null` after login. */
  readonly beforeLogin: {
    readonly tlsActive: boolean;
    /** Passwords may be sent on this connection as it is. */
    readonly loginAllowed: boolean;
    /** SASL mechanisms by name, best first. */
    readonly mechanisms: readonly string[];
  } | null;
}): readonly string[] {
  const list = ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'EXPIRE NEVER', 'UTF8 USER', 'LANG'];
  const { beforeLogin } = options;
  // RFC 2595 §4: STLS is offered only where it can be used.
  if (beforeLogin && !beforeLogin.tlsActive) list.push('STLS');
  if (beforeLogin?.loginAllowed) list.push('USER', `SASL ${beforeLogin.mechanisms.join(' ')}`);
  list.push('IMPLEMENTATION Rookery');
  return list;
}
