import { randomBytes } from 'node:crypto';
import { ImapClient } from './imap-client.ts';
import type { Door } from './lines.ts';
import { SmtpClient } from './smtp-client.ts';

interface User {
  readonly email: string;
  readonly password: string;
}

interface Entry {
  readonly body: string;
  readonly recipient: string;
}

/** A server may end a session after so many messages (Rookery after a thousand): a sender begins a new one in time. */
const MESSAGES_PER_SESSION = 500;

/**
 * What was acknowledged: senders that never stop write each message's key here only after its 250, and `check` asks the
 * mail store over IMAP whether every one is there, byte for byte. A message refused or cut off is sent again under a new
 * key, so that a doubtful one counts for nothing.
 */
export class Ledger {
  readonly acknowledged = new Map<string, Entry>();
  private readonly running: Promise<void>[] = [];
  private stopped = false;
  /** What the client was told, or what became of its connection. */
  readonly refusals: string[] = [];
  /** From MAIL to the 250 of each message. Milliseconds. */
  readonly tookMs: number[] = [];

  get refused(): number {
    return this.refusals.length;
  }

  /** One connection at a time, going round the doors; a failure moves on to the next. */
  startSender(doors: readonly Door[], recipients: readonly string[], pauseMs = 5): void {
    this.running.push(this.sendLoop(doors, recipients, pauseMs));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }

  private async sendLoop(doors: readonly Door[], recipients: readonly string[], pauseMs: number): Promise<void> {
    let client: SmtpClient | undefined;
    let door = 0;
    for (let number = 0; !this.stopped; number++) {
      const recipient = recipients[number % recipients.length] as string;
      const { key, body, bytes } = probeMessage(recipient);
      try {
        if (number % MESSAGES_PER_SESSION === MESSAGES_PER_SESSION - 1) {
          await client?.quit();
          client = undefined;
        }
        client ??= await SmtpClient.open(doors[door % doors.length] as Door);
        const since = performance.now();
        await client.send('sender@outside.example', [recipient], bytes);
        this.tookMs.push(performance.now() - since);
        this.acknowledged.set(key, { body, recipient });
      } catch (error) {
        this.refusals.push((error as Error).message);
        client?.close();
        client = undefined;
        door++;
        await sleep(20);
      }
      await sleep(pauseMs);
    }
    client?.close();
  }

  /** Keys acknowledged but missing, altered or doubled, for these users. */
  async check(
    door: Door,
    users: readonly User[],
  ): Promise<{
    readonly checked: number;
    readonly missing: string[];
    readonly altered: string[];
    readonly doubled: string[];
  }> {
    const result = { checked: 0, missing: [] as string[], altered: [] as string[], doubled: [] as string[] };
    for (const user of users) {
      const imap = await ImapClient.signIn(door, user);
      const found = new Map<string, string[]>();
      for (const bytes of (await imap.bodies()).values()) {
        const text = bytes.toString('latin1');
        const key = /^X-Probe: (\w+)\r$/m.exec(text)?.[1];
        if (key) found.set(key, [...(found.get(key) ?? []), text.slice(text.indexOf('X-Probe: '))]);
      }
      imap.close();
      for (const [key, entry] of this.acknowledged) {
        if (entry.recipient !== user.email) continue;
        result.checked++;
        const copies = found.get(key) ?? [];
        if (copies.length === 0) result.missing.push(key);
        else if (copies.length > 1) result.doubled.push(key);
        else if (copies[0] !== entry.body) result.altered.push(key);
      }
    }
    return result;
  }
}

/** About 2 KB; all after `X-Probe:` must come back byte for byte. */
function probeMessage(recipient: string): { readonly key: string; readonly body: string; readonly bytes: Buffer } {
  const key = randomBytes(12).toString('hex');
  const text = randomBytes(1_000).toString('base64').replace(/.{76}/g, '$&\r\n');
  const body = `X-Probe: ${key}\r\nSubject: probe\r\n\r\n.leading dot\r\n${text}\r\n`;
  return { key, body, bytes: Buffer.from(`From: sender@outside.example\r\nTo: ${recipient}\r\n${body}`, 'latin1') };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
