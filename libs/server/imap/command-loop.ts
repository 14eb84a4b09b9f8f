import type { ClientConnection } from '#connection';
import { MailStoreError } from '#mailstore/api';
import type { HubRequest } from '#protocol/handover';
import { ArgumentReader, commandTag, type FrameEvent, ImapSyntaxError } from '#protocol/imap';
import type { ByteStream } from '#stdx';
import type { CommandSession, ImapCommand, MessageReceiver, Reply, SessionState } from './command.ts';
import { idle, idleUntilDone } from './commands/idle.ts';
import { COMMANDS } from './commands/index.ts';
import { type Refusal, refusalOf, UidRequiredError } from './errors.ts';
import type { InputEvent } from './input.ts';
import { ProgressReport } from './progress.ts';

/** What the loop needs of a session beyond what commands do. */
interface LoopSession extends CommandSession {
  readonly state: SessionState;
  readonly connection: Pick<ClientConnection, 'mark' | 'askHub'>;
  answered: number;
  wait(): Promise<void>;
  heard(): void;
  /** Tells what NOTIFY asked to hear of while no command is at work. */
  tellUnasked(): Promise<void>;
}

interface LoopHooks {
  command?(name: string, status: 'OK' | 'NO' | 'BAD', durationMs: number): void;
}

/** A command whose first line has been read: it may still be receiving literals. */
interface OpenCommand {
  readonly tag: string | null;
  readonly command: ImapCommand<unknown> | null;
  readonly receiver: MessageReceiver | null;
  /** Already refused: its remaining bytes are read and thrown away. */
  failure: unknown;
  /** A message has been taken in: texts no longer begin with tag and name. */
  received: boolean;
}

/** Reads commands, one at a time: checks state, takes literals, runs, tells changes, answers. */
export class CommandLoop {
  private open: OpenCommand | null = null;
  private badCommands = 0;

  constructor(
    private readonly session: LoopSession,
    private readonly hooks: LoopHooks,
  ) {}

  /** Handles the next thing the client sends. */
  async step(): Promise<void> {
    const { session } = this;
    const event = await this.next();
    switch (event.kind) {
      case 'command':
        return this.whole(event.text);
      case 'literal':
        return this.literal(event);
      case 'fault':
        this.open = null;
        session.answered++;
        return this.refuse(event.tag, { status: 'BAD', code: null, text: FAULTS[event.fault] });
      case 'skipped': {
        const { open } = this;
        this.open = null;
        session.answered++;
        return this.refuse(open?.tag ?? null, this.explain(open?.failure));
      }
      case 'overrun':
        return session.end('[TOOBIG] Too many bytes');
      case 'closed':
        this.open?.receiver?.abandon();
        return session.end('');
      case 'bytes':
      case 'line':
        return session.end('Unexpected bytes');
    }
  }

  /** Goes on with an IDLE begun before another owner took over. */
  async resumeIdle(tag: string): Promise<void> {
    await this.run(tag, idle.name, true, async (reply) => {
      this.session.idling(tag);
      this.session.answered--;
      await idleUntilDone(this.session, reply);
    });
  }

  private async next(): Promise<InputEvent> {
    for (;;) {
      const event = this.session.input.poll();
      if (event) {
        this.session.heard();
        return event;
      }
      if (!this.open) await this.session.tellUnasked();
      await this.session.wait();
    }
  }

  private async whole(text: Buffer): Promise<void> {
    const { session } = this;
    const open = this.open ?? this.begin(text);
    this.open = null;
    const { tag, command, receiver, failure } = open;
    if (failure || !command || tag === null) {
      receiver?.abandon();
      session.answered++;
      return this.refuse(tag, this.explain(failure));
    }
    // Through a hub, what is answered is marked before more is begun: it need not be done again if we are lost.
    if (session.connection.mark) session.settle();
    await this.run(tag, command.name, command.breaksSequences, async (reply) => {
      if (receiver) return receiver.finish(open.received ? new ArgumentReader(text) : argumentsOf(text), reply);
      const args = command.parse(argumentsOf(text), { names: session.names });
      await command.run(session, args, reply);
    });
  }

  private async run(
    tag: string,
    name: string,
    expunges: boolean,
    work: (reply: Reply) => Promise<void>,
  ): Promise<void> {
    const { session, hooks } = this;
    const startedAt = session.clock.monotonic();
    const reply = new CollectedReply(tag);
    // IDLE is not at work: it waits, and says so itself.
    const report = name === idle.name ? null : new ProgressReport(session, tag);
    try {
      await this.attempt(work, reply);
      if (session.stale) await session.sync(expunges);
    } finally {
      report?.stop();
    }
    session.answered++;
    if (reply.leftToHub) this.askHub(reply.leftToHub, tag);
    else session.out.raw(reply.line());
    this.badCommands = reply.status === 'BAD' ? this.badCommands + 1 : 0;
    hooks.command?.(name, reply.status, session.clock.monotonic() - startedAt);
    this.endIfHopeless();
    await session.out.drained();
  }

  private askHub(kind: HubRequest['kind'], tag: string): void {
    const { session } = this;
    session.out.flush();
    session.connection.askHub?.({ kind, tag, answered: session.answered });
  }

  private async attempt(work: (reply: Reply) => Promise<void>, reply: CollectedReply): Promise<void> {
    try {
      await work(reply);
    } catch (error) {
      const refusal = this.explain(error);
      reply.set(refusal.status, refusal.text, refusal.code ?? undefined);
    }
  }

  private async literal(event: FrameEvent & { kind: 'literal' }): Promise<void> {
    const { session } = this;
    const { input } = session;
    this.open ??= this.begin(event.text());
    const { open } = this;
    const use = open.failure ? 'refuse' : await this.decide(open, event);
    if (use === 'refuse') {
      open.receiver?.abandon();
      input.refuseLiteral();
      return;
    }
    input.acceptLiteral(use === 'message' ? 'stream' : 'argument');
    if (event.header.synchronizing) {
      session.out.raw('+ OK\r\n');
      session.out.flush();
    }
    if (use === 'message') await this.receiveMessage(open);
  }

  private async decide(
    open: OpenCommand,
    { text, header }: FrameEvent & { kind: 'literal' },
  ): Promise<'argument' | 'message' | 'refuse'> {
    try {
      let use: 'argument' | 'message' = 'argument';
      if (open.receiver) {
        const bytes = text();
        use = await open.receiver.announce(open.received ? new ArgumentReader(bytes) : argumentsOf(bytes), header);
      }
      if (use === 'argument' && header.size > this.session.limits.syntax.argumentLiteralBytesMax)
        throw new ImapSyntaxError('Literal too large');
      return use;
    } catch (error) {
      open.failure = error;
      return 'refuse';
    }
  }

  private async receiveMessage(open: OpenCommand): Promise<void> {
    const stream = new LiteralStream(() => this.next());
    open.received = true;
    try {
      await open.receiver?.message(stream.bytes());
    } catch (error) {
      open.failure = error;
    }
    await stream.drain();
  }

  /** Reads tag and name; what is wrong with them becomes the command's failure. */
  private begin(text: Buffer): OpenCommand {
    const { session } = this;
    const open = { tag: commandTag(text), command: null, receiver: null, failure: null, received: false };
    try {
      const name = commandName(text);
      const command = COMMANDS.get(name);
      if (!command) throw new ImapSyntaxError('Unknown command');
      if (!command.states.includes(session.state))
        throw new ImapSyntaxError(
          session.state === 'authenticated' ? 'Select a mailbox first' : 'Not while a mailbox is selected',
        );
      // What numbers the arguments of UID commands hold is seen where they are read.
      if (command.usesSequences && !name.startsWith('UID ') && session.enabled.has('UIDONLY'))
        throw new UidRequiredError();
      return { ...open, command, receiver: command.receive?.(session) ?? null };
    } catch (failure) {
      return { ...open, failure };
    }
  }

  private refuse(tag: string | null, refusal: Refusal): void {
    this.session.out.raw(statusLine(tag ?? '*', refusal.status, refusal.text, refusal.code ?? undefined));
    if (refusal.status === 'BAD') this.badCommands++;
    this.endIfHopeless();
  }

  private endIfHopeless(): void {
    if (this.badCommands >= this.session.limits.badCommandsMax) this.session.end('Too many commands that are none');
  }

  /** Maps what a command threw; what is no operating error of this command goes on up. */
  private explain(error: unknown): Refusal {
    const away = error instanceof MailStoreError && (error.code === 'unavailable' || error.code === 'stale');
    if (away && this.session.connection.mark) throw error;
    const refusal = refusalOf(error);
    if (!refusal) throw error;
    if (error instanceof MailStoreError && error.code === 'corrupt')
      this.session.logger.error({ err: error }, 'stored bytes unreadable');
    return refusal;
  }
}

const FAULTS = {
  lineTooLong: 'Line too long',
  commandTooLong: 'Command too long',
  bareLf: 'Lines end with CRLF',
} as const;

class CollectedReply implements Reply {
  status: 'OK' | 'NO' | 'BAD' = 'OK';
  leftToHub: HubRequest['kind'] | undefined;
  private text = 'Done';
  private code: string | undefined;

  constructor(readonly tag: string) {}

  ok(text: string, code?: string): void {
    this.set('OK', text, code);
  }

  no(text: string, code?: string): void {
    this.set('NO', text, code);
  }

  bad(text: string): void {
    this.set('BAD', text, undefined);
  }

  leaveToHub(kind: HubRequest['kind']): void {
    this.leftToHub = kind;
  }

  set(status: 'OK' | 'NO' | 'BAD', text: string, code: string | undefined): void {
    this.status = status;
    this.text = text;
    this.code = code;
  }

  line(): string {
    return statusLine(this.tag, this.status, this.text, this.code);
  }
}

const statusLine = (tag: string, status: string, text: string, code?: string): string =>
  `${tag} ${status} ${code ? `[${code}] ` : ''}${text}\r\n`;

/** A literal's bytes as they come; what its reader leaves is drained. */
class LiteralStream {
  private done = false;

  constructor(private readonly next: () => Promise<InputEvent>) {}

  async *bytes(): ByteStream {
    while (!this.done) {
      const piece = await this.piece();
      if (piece.length > 0) yield piece;
    }
  }

  async drain(): Promise<void> {
    while (!this.done) await this.piece();
  }

  private async piece(): Promise<Uint8Array> {
    const event = await this.next();
    if (event.kind !== 'bytes') {
      this.done = true;
      throw new ConnectionLost();
    }
    this.done = event.last;
    return event.bytes;
  }
}

/** The client went away in the middle of a literal. */
class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

const nameReader = (text: Buffer): ArgumentReader => {
  const tag = commandTag(text);
  if (tag === null) throw new ImapSyntaxError('A command begins with a tag');
  const reader = new ArgumentReader(text, tag.length);
  reader.space();
  return reader;
};

/** `FETCH`, or `UID FETCH`. Leaves nothing behind: see `argumentsOf`. */
function readName(reader: ArgumentReader): string {
  const name = reader.keyword('a command');
  if (name !== 'UID') return name;
  reader.space();
  return `UID ${reader.keyword('a command')}`;
}

const commandName = (text: Buffer): string => readName(nameReader(text));

/** A reader at a command's arguments: past the tag, the name and the space after it. */
function argumentsOf(text: Buffer): ArgumentReader {
  const reader = nameReader(text);
  readName(reader);
  if (!reader.atEnd) reader.space();
  return reader;
}
