import type { CountingClient } from './client.ts';
import { type Contender, opened } from './house.ts';
import { BIG_BYTES, mailText } from './mail.ts';

/** Bytes of one APPEND of many messages. */
const BATCH_BYTES = 1_000_000;

export interface Amounts {
  readonly messages: number;
  readonly mailboxes: number;
  /** Large messages, whose bodies are read. */
  readonly bodies: number;
}

/** Gives the first user mail and the second mailboxes, unless an earlier run did. */
export async function fill(contender: Contender, { messages, mailboxes, bodies }: Amounts): Promise<void> {
  const started = performance.now();
  const client = await opened(contender);
  const filled = await client.run('SELECT Filled').then(
    () => true,
    () => false,
  );
  if (!filled) {
    for (const name of ['Bodies', 'Appended', 'Moved', 'Heavy']) await client.run(`CREATE ${name}`);
    await appendMany(client, 'INBOX', messages, (n) => mailText(n));
    await appendMany(client, 'Bodies', bodies, (n) => mailText(n, BIG_BYTES));
    const other = await opened(contender, 1);
    for (let i = 0; i < mailboxes; i++) await other.run(`CREATE "Folder ${i % 20}/Box ${i}"`);
    other.close();
    // The last thing, so that a run that broke off is begun again.
    await client.run('CREATE Filled');
  }
  client.close();
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  console.log(filled ? `${contender.name} was filled earlier` : `filled ${contender.name} in ${seconds} s`);
}

/** MULTIAPPEND (RFC 3502): one commit for many, at either. */
async function appendMany(
  client: CountingClient,
  mailbox: string,
  count: number,
  text: (n: number) => Buffer,
): Promise<void> {
  let parts: (string | Buffer)[] = [];
  let bytes = 0;
  for (let n = 0; n < count; n++) {
    const message = text(n);
    parts.push(`${parts.length === 0 ? '' : ' '}{${message.length}+}\r\n`, message);
    bytes += message.length;
    if (bytes < BATCH_BYTES && n < count - 1) continue;
    await client.run(`APPEND ${mailbox} `, ...parts, '\r\n');
    parts = [];
    bytes = 0;
  }
}
