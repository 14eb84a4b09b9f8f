import type { ClientConnection } from '#connection';
import type { AccountSpec, MailStore } from '#mailstore/api';
import type { Clock, Logger, RequestContext } from '#stdx';
import type { ImapLimits } from './limits.ts';

export interface ImapSessionOptions {
  readonly store: MailStore;
  readonly context: RequestContext;
  readonly account: AccountSpec;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly connection: ClientConnection;
  readonly limits?: Partial<ImapLimits>;
  /** The tag of the LOGIN to answer, PREAUTH for a connection that needed none, or the mark from which a lost owner's session goes on, silently. */
  readonly greeting: { readonly tag: string } | 'preauth' | { readonly mark: Uint8Array };
  readonly hooks?: ImapSessionHooks;
}

/** What the app may want to count. */
export interface ImapSessionHooks {
  /** After each command; `status` as answered. */
  command?(name: string, status: 'OK' | 'NO' | 'BAD', durationMs: number): void;
}
