import type { SessionKind } from '#protocol/handover';
import type { LoginOutcome } from '../login/authenticator.ts';
import type { Ask, SaslSignInOutcome } from '../login/sasl-sign-in.ts';

/**
 * What differs between the protocols whose sessions a hub signs in and holds (IMAP, POP3, ManageSieve). Everything else —
 * TLS, deadlines, failures, routes, legs, going on after a node is lost — is the same for all, and lives in this folder.
 */
export interface SessionProtocol {
  /** Kind of the leg to the node, and the name in logs and figures. */
  readonly kind: SessionKind;
  /** Begins to talk with a connection that has not signed in. */
  login(client: LoginClient): LoginDialogue;
  /** Tells where commands end in what a signed-in client says. */
  scanner(): ClientScanner;
  /** Whether saying it twice does and answers the same as saying it once. `text` is the whole unit as sent. */
  mayBeSaidAgain(unit: Unit, text: Buffer): boolean;
  /** The answer, line end included, to a command that was lost with its node. */
  lost(tag: string): string;
  /** What is said, line end included, to a client whose connection ends between answers; '' where the protocol has no word for it. */
  farewell(why: Farewell): string;
  /** Of these bytes of an answer: they only ask the client to go on with its command (IMAP's `+ OK`). */
  isPrompt(piece: Uint8Array): boolean;
  /** Answers, line end included, to what a node leaves to its hub; absent where the protocol has no such commands. */
  readonly hubAnswers?: {
    compress(tag: string, outcome: CompressOutcome): string;
    unauthenticated(tag: string): string;
  };
  /** Sent to a connection that is not let in at all, line end included. */
  turnedAway(text: string): string;
}

/** `pipelined`: the client said more before it was answered, and nobody knows whether that is compressed. */
export type CompressOutcome = 'begun' | 'active' | 'limit' | 'pipelined';

/** `lost`: the mail is served by nobody in time. `stopping`: the hub is. */
export type Farewell = 'lost' | 'stopping';

/**
 * Why somebody was not signed in; each protocol has its own words. `noOwner`: the account's mail is served by nobody now.
 * `tooManySessions`: the account has as many as it may.
 */
export type LoginRefusal = Exclude<LoginOutcome['kind'], 'accepted'> | 'noOwner' | 'tooManySessions';

/** A client that has not signed in, as the dialogue with it sees it. */
export interface LoginClient {
  /** Ours, for the greeting. */
  readonly hostname: string;
  /** Under TLS. */
  readonly secure: boolean;
  /** Passwords may be sent on this connection as it is. */
  readonly loginAllowed: boolean;
  write(text: string): void;
  /** The command just answered was none. */
  countBad(): void;
  /** Sends a question and waits for the line that answers it; `null` when it is not to come. */
  ask(question: string): Promise<Buffer | null>;
  authenticate(username: string, password: string): Promise<LoginOutcome>;
  /** SASL mechanisms for this connection by name, best first. */
  readonly mechanisms: readonly string[];
  /** One SASL exchange to its end; `initial` is the decoded initial response, `null` without one. */
  authenticateBySasl(mechanism: string, initial: Buffer | null, ask: Ask): Promise<SaslSignInOutcome>;
  /** Answers the outcome; on success hands the connection over. */
  conclude(outcome: LoginOutcome): Promise<void>;
  /** `command` is the protocol's name for it, already answered. */
  startTls(command: string): void;
  /** Ends the connection after what is written. */
  end(): void;
  /** The same, with the dialogue's goodbye. */
  bye(text: string): void;
}

/** One connection before login, in the words of its protocol. */
export interface LoginDialogue {
  /** Sent when the connection is accepted. */
  greet(): void;
  push(chunk: Buffer): void;
  /** What the client said next; `undefined` when nothing more of it is whole. */
  next(): LoginInput | undefined;
  /** What came and was not taken by `next`: at a sign-in it goes to the node. */
  takeRest(): Buffer;
  /** TLS has just begun: nothing said before it counts. RFC 3207 §4.2 and its kin. */
  restart(): void;
  /** The handshake is done: what the protocol says then. RFC 5804 §2.2. */
  secured?(): void;
  /** How the node is to name the command that signed in. */
  readonly tag: string | undefined;
  refuse(refusal: LoginRefusal): void;
  /** A command threw. True when that was the client's fault. */
  failed(error: unknown): boolean;
  bye(text: string): void;
}

export type LoginInput =
  /** A command: the client is not read further until it has run. */
  | { readonly kind: 'command'; run(): void | Promise<void> }
  /** The line `LoginClient.ask` waits for. */
  | { readonly kind: 'answer'; readonly line: Buffer }
  /** Was answered on the spot: a command that could not be read, or a part of one. `counts` towards what a stranger may say. */
  | { readonly kind: 'handled'; readonly counts: boolean };

/** One thing a signed-in client says that has an answer of its own, as MARK counts them. */
export interface Unit {
  /** `idle` waits on (IMAP); `done` ends that; `continuation` answers a question of the server. */
  readonly kind: 'command' | 'idle' | 'done' | 'continuation';
  /** '' where the protocol has none. */
  readonly tag: string;
  /** Upper case. */
  readonly name: string;
  /** Offset in the client's stream one past its last byte. */
  readonly end: number;
}

/** Something ended in a chunk of client bytes; `at` is the offset one past its last byte. */
export type ScanEvent =
  | (Omit<Unit, 'end'> & { readonly at: number })
  /** A part of a command that is followed by more; when `synchronizing`, the client now waits for the server. */
  | { readonly kind: 'literal'; readonly at: number; readonly tag: string; readonly synchronizing: boolean };

/** Finds the ends of commands in a stream that is only passed on. */
export interface ClientScanner {
  /** A command has begun and is not whole. */
  readonly open: boolean;
  /** The open command is one that waits (IDLE): the connection is quiet. */
  readonly idling: boolean;
  scan(chunk: Uint8Array, onEvent: (event: ScanEvent) => void): void;
  /** The server completed the open command before it was whole: the next byte begins another. */
  commandAnswered(): void;
}
