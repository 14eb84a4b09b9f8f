import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import { type SmtpMode, SmtpSession } from '#server/smtp';
import { silentLogger, systemClock } from '#stdx';
import { type Dialogue, fits, readDialogues, type Step } from '../dialogue/dialogue.ts';
import { House } from './house.ts';

const FOLDER = join(import.meta.dirname, '../../../conformance/smtp');
const ANSWER_MS_MAX = 5_000;

/** Lines of one client, as they come. */
class LineClient {
  private text = '';
  private ended = false;
  private wake: () => void = () => {};

  constructor(readonly wire: Duplex) {
    wire.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
      this.wake();
    });
    wire.on('end', () => {
      this.ended = true;
      this.wake();
    });
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.text.indexOf('\r\n');
      if (end >= 0) {
        const line = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        return line;
      }
      if (this.ended) return '<end>';
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer; so far: ${this.text}`)), ANSWER_MS_MAX);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

/** `=== [lmtp] title`: the mode; `smtp` where none is given. */
function modeOf({ title }: Dialogue): SmtpMode {
  const mode = /^\[(smtp|submission|lmtp)\]/.exec(title)?.[1];
  return (mode as SmtpMode | undefined) ?? 'smtp';
}

function connect(dialogue: Dialogue, house: House): LineClient {
  const [near, far] = duplexPair();
  const mode = modeOf(dialogue);
  new SmtpSession(far, {
    mode,
    backend: house,
    hostname: 'mx.test',
    clock: systemClock,
    logger: silentLogger,
    peer: { sessionId: 's1', address: '192.0.2.1', port: 1 },
    plainAuth: true,
    bareLineEnds: mode === 'submission' ? 'normalise' : 'reject',
    limits: { messageBytesMax: 100_000, recipientsMax: 5, errorDelayMs: 1 },
  });
  return new LineClient(near);
}

async function play(dialogue: Dialogue): Promise<void> {
  const house = new House();
  const clients = new Map<number, LineClient>();
  const kept = new Map<string, string>();
  try {
    for (const step of dialogue.steps) {
      let client = clients.get(step.session);
      if (!client) {
        client = connect(dialogue, house);
        clients.set(step.session, client);
        assert.match(await client.line(), /^220 mx\.test (ESMTP|LMTP) ready$/);
      }
      await take(client, step, kept, dialogue.file);
    }
  } finally {
    for (const { wire } of clients.values()) wire.destroy();
  }
}

async function take(client: LineClient, step: Step, kept: Map<string, string>, file: string): Promise<void> {
  if (step.kind === 'send') {
    client.wire.write(step.bytes);
    return;
  }
  for (const pattern of step.patterns) {
    const line = await client.line();
    assert.ok(fits(pattern, line, kept), `${file}:${step.line}: expected ${pattern}, got ${line}`);
  }
}

describe('SMTP dialogues', () => {
  for (const dialogue of readDialogues(FOLDER)) it(`${dialogue.file}: ${dialogue.title}`, () => play(dialogue));
});
