import { okLine, parseOptionalMessageNumber } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';
import type { Maildrop } from '../maildrop.ts';
import { sendLines } from '../send-lines.ts';

/** The unique id of one message, or of each. */
export const uidl: Pop3Command<number | null> = {
  name: 'UIDL',
  rfc: 'RFC 1939 §7',
  parse: parseOptionalMessageNumber,
  async run(session, asked) {
    const { maildrop, out } = session;
    if (asked !== null) {
      const message = maildrop.message(asked);
      out.raw(okLine(`${message.number} ${maildrop.uniqueId(message)}`));
      return;
    }
    out.raw(okLine('Unique ids'));
    await sendLines(session, uniqueIds(maildrop));
  },
};

function* uniqueIds(maildrop: Maildrop): Iterable<string> {
  for (const message of maildrop.messages()) yield `${message.number} ${maildrop.uniqueId(message)}`;
}
