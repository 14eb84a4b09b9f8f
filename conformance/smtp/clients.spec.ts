import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { createTransport } from 'nodemailer';
import { SmtpSession, type SmtpSessionOptions } from '#server/smtp';
import { seededRandom, silentLogger, systemClock } from '#stdx';
import { testCertificate } from './certificate.ts';
import { House } from './house.ts';

const run = promisify(execFile);

const programs = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
const find = (program: string): string | undefined =>
  programs.map((folder) => join(folder, program)).find((path) => existsSync(path));
/** A reason to skip, by name, or `false`. */
const without = (program: string): string | false => (find(program) ? false : `${program} is not installed`);

const SIGN_IN = ['-au', 'ann@y.test', '-ap', 'secret'];

function swaksWithout(flags: readonly string[]): string | false {
  const absent = without('swaks');
  if (absent || !flags.includes('--tls')) return absent;
  const support = spawnSync(find('swaks')!, ['--support'], { encoding: 'utf8' });
  return /TLS supported/.test(support.stdout + support.stderr) ? false : 'this swaks has no TLS (Net::SSLeay)';
}

async function serve(options: Partial<SmtpSessionOptions> = {}) {
  const house = new House();
  const sockets = new Set<Socket>();
  const context = createSecureContext(testCertificate());
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new SmtpSession(socket, {
      mode: 'smtp',
      backend: house,
      hostname: 'localhost',
      clock: systemClock,
      logger: silentLogger,
      peer: { sessionId: `s${socket.remotePort}`, address: '127.0.0.1', port: socket.remotePort ?? 0 },
      tls: () => context,
      ...options,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    house,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

describe('SMTP clients', () => {
  const swaks: readonly [string, Partial<SmtpSessionOptions>, readonly string[], string][] = [
    ['plain', {}, [], 'ESMTP'],
    ['pipelined', {}, ['--pipeline'], 'ESMTP'],
    ['AUTH PLAIN', { mode: 'submission', plainAuth: true }, [...SIGN_IN, '--auth', 'PLAIN'], 'ESMTPA'],
    ['AUTH LOGIN', { mode: 'submission', plainAuth: true }, [...SIGN_IN, '--auth', 'LOGIN'], 'ESMTPA'],
    ['LMTP', { mode: 'lmtp' }, ['--protocol', 'LMTP'], 'LMTP'],
    ['STARTTLS', {}, ['--tls'], 'ESMTPS'],
    ['STARTTLS and AUTH', { mode: 'submission' }, ['--tls', ...SIGN_IN, '--auth', 'PLAIN'], 'ESMTPSA'],
  ];
  for (const [name, options, more, transmission] of swaks)
    it(`swaks: ${name}`, { skip: swaksWithout(more) }, async () => {
      await using s = await serve(options);
      const common = ['--from', 'a@x.test', '--to', 'b@y.test', '--body', '.dot\nline', '--silent', '1'];
      await run(find('swaks')!, ['--server', `127.0.0.1:${s.port}`, ...common, ...more]);
      const [taken] = s.house.taken;
      assert.equal(taken?.peer.transmission, transmission);
      assert.match(taken?.bytes.toString() ?? '', /\r\n\r\n\.dot\r\nline\r\n/);
    });

  it('nodemailer: attachments, eight bits, wide addresses, STARTTLS, AUTH', async () => {
    await using s = await serve({ mode: 'submission' });
    const transport = createTransport({
      host: '127.0.0.1',
      port: s.port,
      auth: { user: 'ann@y.test', pass: 'secret' },
      tls: { rejectUnauthorized: false },
      requireTLS: true,
    });
    const attachment = seededRandom(1).bytes(300_000);
    const sent = await transport.sendMail({
      from: 'Ann <ann@y.test>',
      to: ['b@y.test', 'jürgen@müller.test'],
      subject: 'Grüße',
      text: '.\n..\nend',
      attachments: [{ filename: 'a.bin', content: attachment }],
    });
    transport.close();
    assert.deepEqual(sent.rejected, []);
    const [taken] = s.house.taken;
    assert.equal(taken?.peer.transmission, 'UTF8SMTPSA');
    const encoded = taken!.bytes.toString('latin1').replaceAll('\r\n', '');
    assert.ok(encoded.includes(attachment.toString('base64').slice(0, 5_000)));
  });

  it('nodemailer: a wrong password, and a recipient who is nobody', async () => {
    await using s = await serve({ mode: 'submission', plainAuth: true });
    const transport = (pass: string) =>
      createTransport({ host: '127.0.0.1', port: s.port, ignoreTLS: true, auth: { user: 'ann@y.test', pass } });
    await assert.rejects(transport('wrong').sendMail({ from: 'a@y.test', to: 'b@y.test', text: 'x' }), /535/);
    const sent = await transport('secret').sendMail({ from: 'a@y.test', to: ['b@y.test', 'nobody@y.test'], text: 'x' });
    assert.deepEqual(sent.rejected, ['nobody@y.test']);
  });

  for (const [protocol, flags] of [
    ['smtp', []],
    ['lmtp', ['-L']],
  ] as const)
    it(`smtp-source over ${protocol}: 500 messages in 10 sessions`, { skip: without('smtp-source') }, async () => {
      await using s = await serve({ mode: protocol });
      await run(find('smtp-source')!, [
        ...flags,
        ...['-s', '10', '-m', '500', '-l', '5000', '-f', 'a@x.test', '-t', 'b@y.test', '-N', '-d'],
        `127.0.0.1:${s.port}`,
      ]);
      assert.equal(s.house.taken.length, 500);
      assert.ok(s.house.taken.every(({ bytes }) => bytes.length >= 5_000));
    });

  it('Python smtplib: STARTTLS, AUTH, eight bits and dots, byte for byte', { skip: without('python3') }, async () => {
    await using s = await serve({ mode: 'submission' });
    const script = `
import hashlib, smtplib, ssl, sys
body = b''.join(b'.' * (i % 4) + bytes([i % 96 + 160]) * (i % 70) + b'\\r\\n' for i in range(2000))
message = b'Subject: x\\r\\n\\r\\n' + body
with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as client:
    client.starttls(context=ssl._create_unverified_context())
    client.login('ann@y.test', 'secret')
    client.sendmail('a@x.test', ['b@y.test'], message, mail_options=['BODY=8BITMIME'])
print(hashlib.sha256(message).hexdigest())
`;
    const { stdout } = await run(find('python3')!, ['-c', script, String(s.port)]);
    assert.equal(createHash('sha256').update(s.house.taken[0]!.bytes).digest('hex'), stdout.trim());
  });
});
