import { seededRandom } from '#stdx';

/** Operations of the crash test. Each names what it stores by a token, so that the bytes can be made again from it. */
export type CrashOperation =
  | {
      readonly kind: 'append';
      readonly mailbox: string;
      readonly tokens: readonly string[];
      readonly keywords: readonly string[];
    }
  | {
      readonly kind: 'deliver';
      readonly token: string;
      readonly mailboxes: readonly string[];
      readonly recipients: readonly string[];
    }
  | { readonly kind: 'move' | 'copy'; readonly from: string; readonly to: string; readonly uids: readonly number[] }
  | { readonly kind: 'expunge'; readonly mailbox: string; readonly uids: readonly number[] }
  | {
      readonly kind: 'keywords';
      readonly mailbox: string;
      readonly uids: readonly number[];
      readonly keywords: readonly string[];
    }
  | {
      readonly kind: 'queue';
      readonly done: readonly string[];
      readonly again: readonly string[];
      readonly bounce: string | null;
    }
  | { readonly kind: 'create' | 'delete'; readonly mailbox: string }
  | { readonly kind: 'script'; readonly script: string; readonly token: string }
  | { readonly kind: 'activate'; readonly script: string | null }
  | { readonly kind: 'drop'; readonly script: string };

interface ModelMessage {
  readonly token: string;
  readonly keywords: readonly string[];
}

interface ModelMailbox {
  uidNext: number;
  readonly messages: Map<number, ModelMessage>;
}

/** JSON of a model, to hand it to the writing process. */
export interface ModelState {
  readonly mailboxes: readonly (readonly [string, number, readonly (readonly [number, ModelMessage])[]])[];
  readonly queue: readonly (readonly [string, { readonly token: string; readonly attempts: number }])[];
  /** Name → what is in it. */
  readonly scripts: readonly (readonly [string, string])[];
  readonly active: string | null;
  readonly events: number;
}

/** What one account of the crash test must hold: one operation at a time, each whole or not at all. */
export class AccountModel {
  readonly mailboxes = new Map<string, ModelMailbox>();
  /** Recipient → what goes to it. */
  readonly queue = new Map<string, { readonly token: string; readonly attempts: number }>();
  readonly scripts = new Map<string, string>();
  active: string | null = null;
  /** Usage events written since the last look at the outbox. */
  events = 0;

  static of(state: ModelState): AccountModel {
    const model = new AccountModel();
    for (const [name, uidNext, messages] of state.mailboxes)
      model.mailboxes.set(name, { uidNext, messages: new Map(messages) });
    for (const [recipient, entry] of state.queue) model.queue.set(recipient, entry);
    for (const [name, token] of state.scripts) model.scripts.set(name, token);
    model.active = state.active;
    model.events = state.events;
    return model;
  }

  state(): ModelState {
    return {
      mailboxes: [...this.mailboxes].map(([name, { uidNext, messages }]) => [name, uidNext, [...messages]] as const),
      queue: [...this.queue],
      scripts: [...this.scripts],
      active: this.active,
      events: this.events,
    };
  }

  /** The model as it would be after the operation. */
  after(operation: CrashOperation): AccountModel {
    const next = AccountModel.of(this.state());
    next.apply(operation);
    return next;
  }

  apply(operation: CrashOperation): void {
    switch (operation.kind) {
      case 'append':
        for (const token of operation.tokens) this.enter(operation.mailbox, { token, keywords: operation.keywords });
        return;
      case 'deliver':
        for (const mailbox of operation.mailboxes) this.enter(mailbox, { token: operation.token, keywords: [] });
        for (const recipient of operation.recipients)
          this.queue.set(recipient, { token: operation.token, attempts: 0 });
        this.events += operation.mailboxes.length + operation.recipients.length;
        return;
      case 'move':
      case 'copy':
        for (const uid of operation.uids) {
          const message = this.box(operation.from).messages.get(uid)!;
          if (operation.kind === 'move') this.box(operation.from).messages.delete(uid);
          this.enter(operation.to, message);
        }
        return;
      case 'expunge':
        for (const uid of operation.uids) this.box(operation.mailbox).messages.delete(uid);
        return;
      case 'keywords': {
        const { messages } = this.box(operation.mailbox);
        for (const uid of operation.uids) messages.set(uid, { ...messages.get(uid)!, keywords: operation.keywords });
        return;
      }
      case 'queue':
        for (const recipient of operation.done) this.queue.delete(recipient);
        for (const recipient of operation.again) {
          const entry = this.queue.get(recipient)!;
          this.queue.set(recipient, { ...entry, attempts: entry.attempts + 1 });
        }
        if (operation.bounce === null) return;
        this.enter('INBOX', { token: operation.bounce, keywords: [] });
        this.events += 1;
        return;
      case 'create':
        this.mailboxes.set(operation.mailbox, { uidNext: 1, messages: new Map() });
        return;
      case 'delete':
        this.mailboxes.delete(operation.mailbox);
        return;
      case 'script':
        this.scripts.set(operation.script, operation.token);
        return;
      case 'activate':
        this.active = operation.script;
        return;
      case 'drop':
        this.scripts.delete(operation.script);
        return;
    }
  }

  private box(name: string): ModelMailbox {
    const box = this.mailboxes.get(name);
    if (!box) throw new Error(`no mailbox ${name}`);
    return box;
  }

  private enter(name: string, message: ModelMessage): void {
    const box = this.box(name);
    box.messages.set(box.uidNext++, message);
  }
}

/** The message a token stands for; one in forty is past the size that gets a segment of its own. */
export function textOf(token: string): Buffer {
  let seed = 0;
  for (const character of token) seed = (seed * 31 + character.charCodeAt(0)) >>> 0;
  const random = seededRandom(seed);
  const size = random.fraction() < 0.025 ? 40_000 : 20 + Math.floor(random.fraction() * 3_000);
  const head = `From: crash@example.com\r\nSubject: ${token}\r\nMessage-ID: <${token}@crash>\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), random.bytes(size)]);
}

/** Messages above this stream into a segment of their own in the crash test. */
export const LARGE_BYTES = 20_000;
