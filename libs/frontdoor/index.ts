/** What a hub does before and around a session: sign-in, routing, the mail front door, splice, HTTP. */

export * from './http/http-front.ts';
export * from './http/upstream.ts';
export { imap } from './imap/imap-protocol.ts';
export { AccountLedger, type AccountLimits, DEFAULT_ACCOUNT_LIMITS } from './limits/account-ledger.ts';
export * from './limits/bulletin.ts';
export * from './limits/connection-ledger.ts';
export * from './listening/front-listener.ts';
export * from './listening/relay-port.ts';
export * from './login/authenticator.ts';
export * from './login/cached-directory.ts';
export { DEFAULT_DIRECTORY_CACHE_LIMITS, type DirectoryCacheLimits } from './login/directory-cache.ts';
export { SaslSignIn } from './login/sasl-sign-in.ts';
export type { Connect, HubCredentials } from './routing/dial.ts';
export { LegReads } from './routing/leg-reads.ts';
export * from './routing/node-lanes.ts';
export * from './routing/route-file.ts';
export * from './routing/routing-map.ts';
export * from './routing/session-legs.ts';
export { type HeldIdentity, HeldSession, type SessionKeeper } from './session/held-session.ts';
export type { SessionPeer } from './session/login-connection.ts';
export type { SessionProtocol } from './session/protocol.ts';
export { SessionFront, type SessionServices } from './session/session-front.ts';
export { DEFAULT_SESSION_FRONT_SETTINGS, type SessionFrontSettings } from './session/settings.ts';
export * from './smtp/dispatch.ts';
export * from './smtp/mail-front-door.ts';
export type { MailRole } from './smtp/recipient.ts';
export * from './tls/certificates.ts';
