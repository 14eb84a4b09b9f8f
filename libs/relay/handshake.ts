import type { Duplex } from 'node:stream';
import { replyText, type SmtpReply } from '#protocol/smtp';
import { RelayConnection, type RelayConnectionOptions, refusalError } from './connection.ts';
import { RelayError } from './message.ts';

export interface HandshakeOptions extends RelayConnectionOptions {
  /** Ours, in EHLO or LHLO. */
  readonly clientName: string;
  /** `whenOffered`: TLS if the server can (RFC 7435); `always`: no message without it. */
  readonly tls?: 'never' | 'whenOffered' | 'always';
  /** Client side of a TLS handshake over the socket. */
  readonly startTls?: (socket: Duplex) => Promise<Duplex>;
  /** For a relay host that wants to know us. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** Greeting, EHLO or LHLO, STARTTLS and AUTH as the options ask. Throws `RelayError`; the socket is then destroyed. */
export async function openConnection(socket: Duplex, options: HandshakeOptions): Promise<RelayConnection> {
  const plain = new RelayConnection(socket, options);
  try {
    const greeting = await plain.command('greeting', '', options.timeouts.greetingMs);
    if (greeting.code !== 220) throw refusalError('greeting', greeting);
    await introduce(plain, options);
    const connection = await secure(plain, options);
    if (options.credentials) await authenticate(connection, options.credentials);
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function introduce(connection: RelayConnection, options: HandshakeOptions): Promise<void> {
  const { protocol, clientName, timeouts } = options;
  const verb = protocol === 'lmtp' ? 'LHLO' : 'EHLO';
  const reply = await connection.command('ehlo', `${verb} ${clientName}`, timeouts.greetingMs);
  if (reply.code === 250) connection.capabilities = capabilitiesOf(reply);
  else if (protocol === 'lmtp' || reply.code < 500 || reply.code === 554) throw refusalError('ehlo', reply);
  else {
    // RFC 5321 §3.2: a server of before 1995 knows HELO.
    const old = await connection.command('ehlo', `HELO ${clientName}`, timeouts.greetingMs);
    if (old.code !== 250) throw refusalError('ehlo', old);
  }
}

function capabilitiesOf(reply: SmtpReply): ReadonlyMap<string, string> {
  const lines = typeof reply.text === 'string' ? [reply.text] : reply.text;
  const capabilities = new Map<string, string>();
  for (const line of lines.slice(1)) {
    // Some servers write `AUTH=PLAIN` beside `AUTH PLAIN`.
    const [keyword = '', ...rest] = line.split(/[ =]/);
    if (!capabilities.has(keyword.toUpperCase())) capabilities.set(keyword.toUpperCase(), rest.join(' '));
  }
  return capabilities;
}

async function secure(plain: RelayConnection, options: HandshakeOptions): Promise<RelayConnection> {
  const policy = options.startTls ? (options.tls ?? 'whenOffered') : 'never';
  if (policy === 'never') return plain;
  if (!plain.capabilities.has('STARTTLS')) {
    if (policy === 'always') throw new RelayError('tls', false, 'tls: the server does not offer STARTTLS');
    return plain;
  }
  const reply = await plain.command('tls', 'STARTTLS', options.timeouts.commandMs);
  if (reply.code !== 220) {
    if (policy === 'always' || reply.code === 421) throw refusalError('tls', reply);
    return plain;
  }
  const socket = await startTls(plain.detach(), options);
  const connection = new RelayConnection(socket, options);
  // RFC 3207 §4.2: what was learned in the clear is forgotten.
  await introduce(connection, options);
  return connection;
}

/** The handshake, within the greeting's time. Throws `RelayError`. */
function startTls(plain: Duplex, options: HandshakeOptions): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      timer.cancel();
      const reason = error instanceof Error ? error.message : String(error);
      reject(new RelayError('tls', false, `tls: ${reason}`, { cause: error }));
      plain.destroy();
    };
    const timer = options.clock.after(options.timeouts.greetingMs, () => failed(new Error('no handshake in time')));
    options.startTls!(plain).then((secure) => {
      timer.cancel();
      resolve(secure);
    }, failed);
  });
}

async function authenticate(
  connection: RelayConnection,
  { username, password }: { readonly username: string; readonly password: string },
): Promise<void> {
  const offered = (connection.capabilities.get('AUTH') ?? '').toUpperCase().split(' ');
  const { greetingMs } = connection.options.timeouts;
  const ask = (line: string): Promise<SmtpReply> => connection.command('auth', line, greetingMs);
  let reply: SmtpReply;
  if (offered.includes('PLAIN')) reply = await ask(`AUTH PLAIN ${base64(`\0${username}\0${password}`)}`);
  else if (offered.includes('LOGIN')) {
    reply = await ask('AUTH LOGIN');
    if (reply.code === 334) reply = await ask(base64(username));
    if (reply.code === 334) reply = await ask(base64(password));
  } else throw new RelayError('auth', false, 'auth: the server offers no mechanism we know');
  if (reply.code !== 235) throw new RelayError('auth', false, `auth: ${reply.code} ${replyText(reply)}`, { reply });
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
