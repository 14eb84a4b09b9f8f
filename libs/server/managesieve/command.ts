import type { AccountScripts } from '#mailstore/api';
import type { ManageSieveArgument, ManageSieveCode } from '#protocol/managesieve';
import type { RequestContext } from '#stdx';
import type { ManageSieveLimits } from './limits.ts';

/** What an argument of a command is. `script` is one that may be large and need not be UTF-8. */
export type ArgumentKind = 'string' | 'number' | 'script';

/** A command's arguments, as its definition says they are. */
export interface CommandArguments {
  text(index: number): string;
  number(index: number): number;
  bytes(index: number): Buffer;
  readonly count: number;
}

/** What a command may do with its session. */
export interface CommandSession {
  readonly context: RequestContext;
  readonly accountId: string;
  readonly email: string;
  readonly scripts: AccountScripts;
  readonly limits: ManageSieveLimits;
  /** Lines before the answer, CRLF included. */
  write(text: string): void;
  /** A hub stands before us, which can do what only the holder of the client's connection can. */
  readonly behindHub: boolean;
  /** Nothing follows the answer. */
  end(): void;
}

/** How a command ends; it throws `ManageSieveRefusal` for NO. */
export interface Answer {
  readonly text: string;
  readonly code?: ManageSieveCode;
}

/** The hub does the rest, and answers. */
export const LEFT_TO_HUB = 'left to the hub';

export interface ManageSieveCommand {
  readonly name: string;
  readonly rfc: string;
  readonly arguments: readonly ArgumentKind[];
  /** Arguments at the end that may be left out. */
  readonly optional?: number;
  run(session: CommandSession, args: CommandArguments): Answer | typeof LEFT_TO_HUB | Promise<Answer>;
}

/** NO, with what the client is told. */
export class ManageSieveRefusal extends Error {
  override readonly name = 'ManageSieveRefusal';
  constructor(
    message: string,
    readonly code?: ManageSieveCode,
  ) {
    super(message);
  }
}

/** Binds what the client sent to what the command takes. Throws `ManageSieveRefusal`. */
export function bindArguments(
  { name, arguments: kinds, optional = 0 }: ManageSieveCommand,
  sent: readonly ManageSieveArgument[],
): CommandArguments {
  const wanted = kinds.slice(0, sent.length);
  const fits = sent.length <= kinds.length && sent.length >= kinds.length - optional;
  if (!fits || !wanted.every((kind, index) => (kind === 'number') === (sent[index]?.kind === 'number')))
    throw new ManageSieveRefusal(`${name} takes ${kinds.length === 0 ? 'no arguments' : kinds.join(', ')}`);
  const bytes = (index: number): Buffer => {
    const argument = sent[index];
    return argument?.kind === 'string' ? argument.bytes : Buffer.alloc(0);
  };
  return {
    count: sent.length,
    bytes,
    text: (index) => utf8(bytes(index)),
    number(index) {
      const argument = sent[index];
      return argument?.kind === 'number' ? argument.value : 0;
    },
  };
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ManageSieveRefusal('Strings are UTF-8');
  }
}
