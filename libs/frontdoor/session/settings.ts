export interface SessionFrontSettings {
  /** Ours, in the greeting. */
  readonly hostname: string;
  /** Passwords without TLS: for a cluster on loopback that plain clients are tried on; never in production. Default false. */
  readonly plainLogin: boolean;
  /** From the connection to the login's end, TLS handshake included. 180,000: Dovecot's `CLIENT_LOGIN_TIMEOUT_MSECS`. */
  readonly loginMs: number;
  /** Refused sign-ins in one connection before it ends. 5. */
  readonly authFailuresMax: number;
  /** Malformed or misplaced commands before it ends. 10; Dovecot allows 3 before login. */
  readonly badCommandsMax: number;
  /** Commands of any kind before login. 100: what signs in uses five. */
  readonly commandsMax: number;
  /** Of a client's unanswered bytes, so much is kept to be said again when its node is lost. 65,536: the longest line. */
  readonly journalBytesMax: number;
  /** How long a session waits for its volume to have an owner. 30,000: docs/CLUSTER.md. */
  readonly ownerWaitMs: number;
  /** Sessions compressed at once; the next is told NO [LIMIT]. 1,000: each takes about 180 KB. */
  readonly compressedMax: number;
}

export const DEFAULT_SESSION_FRONT_SETTINGS: Omit<SessionFrontSettings, 'hostname'> = {
  plainLogin: false,
  loginMs: 180_000,
  authFailuresMax: 5,
  badCommandsMax: 10,
  commandsMax: 100,
  journalBytesMax: 65_536,
  ownerWaitMs: 30_000,
  compressedMax: 1_000,
};
