import type { SmtpPath, SmtpReply, SmtpTransaction } from '#protocol/smtp';
import type { ChunkedText } from './receiver.ts';

/** MAIL … end of data, as the session builds it. */
export class OpenTransaction implements SmtpTransaction {
  readonly forwardPaths: SmtpPath[] = [];
  /** Set by the first BDAT: its chunks go to one message, which the backend is already reading. */
  chunks: { readonly text: ChunkedText; readonly outcome: Promise<readonly SmtpReply[]> } | null = null;

  constructor(
    readonly id: string,
    readonly reversePath: SmtpPath,
  ) {}
}
