/** Who is who inside a cluster: its authority, its members' certificates, joining, and mutual TLS between them. */
export { DoorAwayError, DoorRefusedError } from './ask-door.ts';
export * from './certificates.ts';
export * from './control-door.ts';
export * from './identity.ts';
export * from './join-token.ts';
export * from './member-trust.ts';
export * from './membership.ts';
export * from './renewal.ts';
export * from './seal.ts';
export {
  JOIN_PATH,
  type JoinAnswer,
  joinRequestSchema,
  RENEW_PATH,
  type RenewAnswer,
  renewRequestSchema,
} from './wire.ts';
