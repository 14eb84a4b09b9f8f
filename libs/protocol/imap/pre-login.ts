/** What a front door offers before login. RFC 9051 §6.1.1, §11.1: no password mechanisms on a plain connection, LOGINDISABLED instead. */
export function preLoginCapabilities(options: {
  readonly tlsActive: boolean;
  /** STARTTLS is offered. */
  readonly startTls: boolean;
  /** Plain-text logins are allowed without TLS: never in production. */
  readonly plainLogin: boolean;
  /** SASL mechanisms by name, best first. */
  readonly mechanisms: readonly string[];
}): readonly string[] {
  const { tlsActive, startTls, plainLogin, mechanisms } = options;
  const list = ['IMAP4rev1', 'IMAP4rev2', 'SASL-IR', 'LITERAL+', 'ID', 'ENABLE', 'IDLE'];
  if (startTls && !tlsActive) list.push('STARTTLS');
  if (tlsActive || plainLogin) list.push(...mechanisms.map((name) => `AUTH=${name}`));
  else list.push('LOGINDISABLED');
  return list;
}
