import { okLine, parseOptionalMessageNumber } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';
import type { Maildrop } from '../maildrop.ts';
import { sendLines } from '../send-lines.ts';

/** The size of one message, or of each. */
export const list: Pop3Command<number | null> = {
  name: 'LIST',
  rfc: 'RFC 1939 §5',
  parse: parseOptionalMessageNumber,
  async run(session, asked) {
    const { maildrop, out } = session;
    if (asked !== null) {
      const { number, size } = maildrop.message(asked);
      out.raw(okLine(`${number} ${size}`));
      return;
    }
    const { count, octets } = maildrop.totals();
    out.raw(okLine(`${count} messages (${octets} octets)`));
    await sendLines(session, sizes(maildrop));
  },
};

function* sizes(maildrop: Maildrop): Iterable<string> {
  for (const { number, size } of maildrop.messages()) yield `${number} ${size}`;
}
