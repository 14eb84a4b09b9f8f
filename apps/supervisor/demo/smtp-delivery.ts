import { once } from 'node:events';
import { connect } from 'node:net';
import { INNER_TIMEOUTS, openConnection } from '#relay';
import { systemClock } from '#stdx';
import type { DemoMessage } from './messages.ts';

/** Sends the messages one after another as any outside server would. Throws when one is not accepted for all its recipients. */
export async function deliverBySmtp(
  server: { readonly host: string; readonly port: number },
  messages: readonly DemoMessage[],
): Promise<void> {
  const socket = connect(server.port, server.host);
  await once(socket, 'connect');
  const connection = await openConnection(socket, {
    protocol: 'smtp',
    clientName: 'mail.example.net',
    chunking: false,
    clock: systemClock,
    timeouts: INNER_TIMEOUTS,
  });
  try {
    for (const { reversePath, forwardPaths, bytes } of messages) {
      const recipients = forwardPaths.map((forwardPath) => ({ forwardPath }));
      const outcome = await connection.send({ reversePath, recipients, body: bytes });
      const refused = outcome.recipients.find(({ rcpt, final }) => (final ?? rcpt).code !== 250);
      if (refused) throw new Error(`the hub refused a demo message: ${JSON.stringify(refused)}`);
    }
  } finally {
    connection.quit();
  }
}
