import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { MailRefusedError, MailUncertainError } from '#billing/api';
import { SubmissionMailer } from './index.ts';

/** Answers each verb as told; `null` breaks the line. Without TLS: what is tested is what an answer means. */
async function server(
  answers: Readonly<Record<string, string | null>>,
): Promise<{ server: Server; port: number; message(): string }> {
  let received = '';
  const listening = createServer((socket: Socket) => {
    let inData = false;
    socket.on('error', () => {});
    socket.write('220 hub ESMTP\r\n');
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      if (inData) {
        received += text;
        if (!received.endsWith('\r\n.\r\n')) return;
        inData = false;
      }
      const verb =
        received.endsWith('\r\n.\r\n') && text.endsWith('.\r\n') ? 'END' : text.slice(0, 4).toUpperCase().trim();
      const answer = answers[verb] === undefined ? (verb === 'DATA' ? '354 go on' : '250 ok') : answers[verb];
      if (verb === 'DATA') inData = true;
      if (answer === null) socket.destroy();
      else socket.write(`${answer}\r\n`);
    });
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { server: listening, port: (listening.address() as AddressInfo).port, message: () => received };
}

const MAIL = {
  name: '17.mail',
  to: 'pay@aurora.example',
  subject: 'Invoice RK-1 für Łódź',
  text: 'Dear Aurora,\n\nit is attached.\n',
  attachments: [{ name: 'RK-1.pdf', mediaType: 'application/pdf', bytes: Buffer.from('%PDF-') }],
};

describe('letters', () => {
  for (const [what, answers, kind] of [
    ['a recipient refused for ever', { RCPT: '550 5.1.1 no such mailbox' }, MailRefusedError],
    ['a recipient refused for now', { RCPT: '451 4.3.0 later' }, null],
    ['a message refused for ever', { END: '554 5.7.1 no' }, MailRefusedError],
    ['a message refused for now', { END: '451 4.3.0 later' }, null],
    ['a password that is wrong', { AUTH: '535 5.7.8 no' }, null],
    ['a line that breaks before the message', { MAIL: null }, null],
    ['a line that breaks after the message', { END: null }, MailUncertainError],
  ] as const)
    it(`${what}: ${kind?.name ?? 'tried again'}`, async () => {
      const { server: listening, port } = await server({
        EHLO: '250-hub\r\n250 AUTH PLAIN',
        AUTH: '235 ok',
        ...answers,
      });
      const mailer = new SubmissionMailer({
        url: `smtp://billing%40rookery.example:secret@127.0.0.1:${port}`,
        from: 'billing@rookery.example',
        startsTls: false,
      });
      const error: unknown = await mailer.send(MAIL).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      listening.close();
      assert(error instanceof Error);
      assert.equal(error.constructor, kind ?? Error, error.message);
    });

  it('carries text and document under a name of its own', async () => {
    const { server: listening, port, message } = await server({ EHLO: '250-hub\r\n250 AUTH PLAIN', AUTH: '235 ok' });
    const url = `smtp://billing%40rookery.example:secret@127.0.0.1:${port}`;
    await new SubmissionMailer({ url, from: 'billing@rookery.example', startsTls: false }).send(MAIL);
    listening.close();
    assert.match(message(), /^Message-ID: <17\.mail@rookery\.example>\r$/m);
    assert.match(message(), /^Auto-Submitted: auto-generated\r$/m);
    assert.match(message(), /^Content-Type: application\/pdf; name=RK-1\.pdf\r$/m);
  });

  it('gives nobody the password without TLS', async () => {
    const { server: listening, port } = await server({ EHLO: '250-hub\r\n250 AUTH PLAIN', STAR: '502 no' });
    const url = `smtp://billing%40rookery.example:secret@127.0.0.1:${port}`;
    await assert.rejects(new SubmissionMailer({ url, from: 'billing@rookery.example' }).send(MAIL), /STARTTLS/);
    listening.close();
  });
});
