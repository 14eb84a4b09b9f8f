import type { AccountId, Mailbox, MailStore, ModSeq, Uid } from '#mailstore/api';
import type { HubRequest } from '#protocol/handover';
import type { ArgumentReader, LiteralHeader, NameEncoding, NotifyRequest, SequenceSet } from '#protocol/imap';
import type { ByteStream, Clock, Logger, RequestContext } from '#stdx';
import type { ImapInput } from './input.ts';
import type { ImapLimits } from './limits.ts';
import type { ImapOutput } from './output.ts';
import type { MailboxView, Selection } from './view.ts';

/** RFC 9051 §3: login is over before a session comes here. */
export type SessionState = 'authenticated' | 'selected';

/** What ENABLE may switch on. RFC 5161. */
export type Enabled = 'CONDSTORE' | 'QRESYNC' | 'IMAP4REV2' | 'UTF8=ACCEPT' | 'UIDONLY';

/** How a command ends; the loop sends it after everything untagged. */
export interface Reply {
  /** `code` is a response code without brackets. */
  ok(text: string, code?: string): void;
  no(text: string, code?: string): void;
  bad(text: string): void;
  /** The hub that holds the client answers in our place. */
  leaveToHub(kind: HubRequest['kind']): void;
  /** The tag of the command, for ESEARCH. */
  readonly tag: string;
}

/** What a command's parser knows beyond its text. */
export interface Syntax {
  readonly names: NameEncoding;
}

/** One row of the command table. Commands parse, ask the store and reply; the loop does the rest. */
export interface ImapCommand<A> {
  /** Upper case; `UID COPY` is a command of its own. */
  readonly name: string;
  readonly states: readonly SessionState[];
  /** Its arguments may be sequence numbers. */
  readonly usesSequences: boolean;
  /** EXPUNGE may be sent before its OK. RFC 9051 §7.5.1: never in answer to FETCH, STORE or SEARCH by sequence number. */
  readonly breaksSequences: boolean;
  /** Where it is defined. */
  readonly rfc: string;
  parse(reader: ArgumentReader, syntax: Syntax): A;
  run(session: CommandSession, args: A, reply: Reply): Promise<void>;
  /** For commands that carry whole messages: takes the place of `parse` and `run` from the first literal on. */
  readonly receive?: (session: CommandSession) => MessageReceiver;
}

/** One command's intake of message literals, called in order. Whatever it throws refuses the command. */
export interface MessageReceiver {
  /** A literal is announced; `reader` is at the arguments since the command's name, or since the last message. Nothing of it has been sent when it is synchronizing, so refuse here what can be. */
  announce(reader: ArgumentReader, literal: LiteralHeader): Promise<'argument' | 'message'>;
  message(bytes: ByteStream): Promise<void>;
  /** The command is whole; `reader` is at what followed the last message. */
  finish(reader: ArgumentReader, reply: Reply): Promise<void>;
  /** The command came to nothing: releases what was taken in. */
  abandon(): void;
}

/** How far a command has come. RFC 9585. */
export interface Progress {
  readonly done: number;
  /** Above zero. */
  readonly goal: number;
}

/** The session as commands see it. */
export interface CommandSession {
  readonly store: MailStore;
  readonly context: RequestContext;
  readonly accountId: AccountId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: ImapLimits;
  readonly out: ImapOutput;
  readonly input: ImapInput;
  /** A hub holds the client, and can do what a node cannot. */
  readonly behindHub: boolean;
  readonly enabled: ReadonlySet<Enabled>;
  readonly names: NameEncoding;
  /** The selected mailbox. Throws an invariant error in authenticated state: the table keeps commands away. */
  readonly view: MailboxView;
  readonly isSelected: boolean;
  /** Uids of the last SEARCH … SAVE that are still there; `null` when they were lost with a node. RFC 5182. */
  savedSearch: readonly Uid[] | null;
  /** How far the command at work has come, where it can say. */
  progress: Progress | null;
  capabilities(): string;
  enable(what: Enabled): void;
  /** Reads a mailbox by name and begins to view it. */
  select(name: string, readOnly: boolean): Promise<{ readonly mailbox: Mailbox; readonly view: MailboxView }>;
  /** Ends the view, if there is one. True when there was one. */
  unselect(): boolean;
  /** Resolves a message set: sequence numbers, or uids when `uid`. */
  resolve(set: SequenceSet, uid: boolean): Selection;
  /** Refuses changes to a mailbox opened by EXAMINE. */
  assertWritable(): void;
  /** The selected mailbox was changed by this session: `sync` has something to find. */
  touched(): void;
  /** The client is being told of this uid's flags as of this modSeq: `sync` need not tell it again. */
  toldFlags(uid: Uid, modSeq: ModSeq): void;
  /** Whether the client has been told this uid's flags as of this modSeq. */
  knowsFlags(uid: Uid, modSeq: ModSeq): boolean;
  /** Tells the client what has changed in the selected mailbox; expunges only where the protocol lets it. */
  sync(expunges: boolean): Promise<void>;
  /** From now on tells what is asked, and nothing else. RFC 5465. `status`: begins with the STATUS of mailboxes that are not selected. */
  notify(request: NotifyRequest, status: boolean): Promise<void>;
  /** True when `sync` has something to look for. */
  readonly stale: boolean;
  /** There may be something that `tellNews` tells. */
  readonly hasNews: boolean;
  /** Tells everything there is to tell, in any mailbox. */
  tellNews(): Promise<void>;
  /** Writes what is gathered and marks where the session stands. */
  settle(): void;
  /** IDLE has answered with its continuation, or (`null`) been ended by the client. */
  idling(tag: string | null): void;
  /** Sleeps until the client sends something, the mailbox changes, or `idleNotifyMs` have passed. Ends the session on its timeout. */
  waitForNews(): Promise<void>;
  /** Ends the session now, with BYE and this reason; '' when the client has gone. */
  end(reason: string): never;
  /** Ends the session at once, in mid-answer: bytes that were announced cannot be had. */
  breakOff(error: unknown): never;
  /** Ends the session after the current answer. */
  logout(): void;
}
