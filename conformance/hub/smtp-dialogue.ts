import type { Socket } from 'node:net';

/** Says lines and gets whole replies, as text: `250 2.1.0 OK`, lines of a longer one joined by ` | `. */
export class SmtpDialogue {
  private received = '';
  private ended = false;
  private wake: () => void = () => {};

  constructor(readonly socket: Socket) {
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.received += chunk;
      this.wake();
    });
    socket.on('end', end).on('close', end);
  }

  async reply(): Promise<string> {
    const lines: string[] = [];
    for (;;) {
      const end = this.received.indexOf('\r\n');
      if (end < 0) {
        if (this.ended) return lines.length > 0 ? lines.join(' | ') : '(closed)';
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        continue;
      }
      const line = this.received.slice(0, end);
      this.received = this.received.slice(end + 2);
      lines.push(line);
      if (line[3] !== '-') return lines.join(' | ');
    }
  }

  say(line: string): Promise<string> {
    this.socket.write(`${line}\r\n`, 'latin1');
    return this.reply();
  }

  /** MAIL, RCPTs and DATA; the reply of the first step that was refused, else the final one. */
  async send(reversePath: string, forwardPaths: readonly string[], message: string): Promise<string> {
    const from = await this.say(`MAIL FROM:<${reversePath}>`);
    if (!from.startsWith('250')) return from;
    for (const path of forwardPaths) {
      const to = await this.say(`RCPT TO:<${path}>`);
      if (!to.startsWith('250')) return to;
    }
    const go = await this.say('DATA');
    if (!go.startsWith('354')) return go;
    return this.say(`${message.replaceAll('\r\n.', '\r\n..')}.`);
  }
}
