import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import type { Channel } from '#carrier';
import { encodeMark, type SessionOpening } from '#protocol/handover';
import { silentLogger, systemClock } from '#stdx';
import { type MemberCredentials, MemberTrust } from '#trust';
import { standInForNode } from './stand-in.ts';

// What stands behind a proxy: says bytes as fast as they are taken once it is spoken to, swallows what it is told, answers
// lines, or (mixed) either. Arguments: HOW say|swallow|answer|mixed BYTES DIRECTORY. HOW it is spoken to: `node` as hubs speak to one, mutual TLS and
// all (node.json in DIRECTORY); `raw`; `tls`; `imap` with a sign-in first. Prints its port.
const [, , how = 'raw', job = 'say', amount = '0', directory = ''] = process.argv;
const PAYLOAD = Buffer.alloc(65_536, 'abcdefghijklmnopqrstuvwxyz012345\r\n');
const ANSWER = Buffer.from('a OK NOOP completed\r\n');
const credentials = (): MemberCredentials => JSON.parse(readFileSync(join(directory, 'node.json'), 'utf8'));

/** A connection as a job sees it. */
interface Line {
  write(bytes: Uint8Array): boolean;
  drained(then: () => void): void;
  /** What was written so far answers all that was said. */
  answered(): void;
  end(): void;
}

/** What a job does with what it is told. */
type Job = (line: Line) => (chunk: Buffer) => void;

const say: Job = (line) => {
  let left = Number(amount);
  const write = (): void => {
    while (left > 0) {
      left -= PAYLOAD.length;
      if (!line.write(PAYLOAD)) {
        line.drained(write);
        return;
      }
    }
    line.end();
  };
  let begun = false;
  return () => {
    if (!begun) write();
    begun = true;
  };
};

/** One byte back says that everything is here; what frames it counts, so the last may end a little later. */
const swallow: Job = (line) => {
  let left = Number(amount);
  return (chunk) => {
    if (left > 0 && (left -= chunk.length) <= 0) line.write(Buffer.from('x'));
  };
};

const answer: Job = (line) => () => {
  line.write(ANSWER);
  line.answered();
};

/** Says its bytes to who asks for them, and answers who asks for nothing. */
const mixed: Job = (line) => {
  const [saying, answering] = [say(line), answer(line)];
  return (chunk) => (chunk.includes('FETCH') ? saying : answering)(chunk);
};

const jobs: Readonly<Record<string, Job>> = { say, swallow, answer, mixed };
const begin = jobs[job]!;

const plainLine = (socket: Socket): Line => ({
  write: (bytes) => socket.write(bytes),
  drained: (then) => void socket.once('drain', then),
  answered() {},
  end: () => void socket.end(),
});

function serveRaw(socket: Socket): void {
  socket.on('error', () => {});
  socket.on('data', begin(plainLine(socket)));
}

/** Believes every sign-in, in literals or not. */
function serveImap(socket: Socket): void {
  socket.on('error', () => {});
  socket.write('* OK ready\r\n');
  let tag = '';
  const signIn = (chunk: Buffer): void => {
    const text = chunk.toString('latin1');
    tag ||= text.split(' ')[0] ?? '';
    if (text.endsWith('}\r\n')) socket.write('+ OK\r\n');
    else {
      socket.off('data', signIn).write(`${tag} OK Logged in\r\n`);
      socket.on('data', begin(plainLine(socket)));
    }
  };
  socket.on('data', signIn);
}

function serveSession(channel: Channel, opening: SessionOpening): void {
  let answered = 0;
  let drained = (): void => {};
  const mark = (count: number): void => channel.mark(encodeMark({ answered: count, state: Buffer.alloc(100, 0x61) }));
  const line: Line = {
    write: (bytes) => channel.write(bytes),
    drained: (then) => {
      drained = then;
    },
    answered: () => mark(++answered),
    end: () => channel.end(),
  };
  const said = begin(line);
  line.write(Buffer.from(`${opening.tag} OK Logged in\r\n`));
  mark(0);
  channel.attach({
    channelData(bytes) {
      channel.consumed(bytes.length);
      said(bytes);
    },
    channelDrained: () => drained(),
    channelEnded() {},
    channelLost() {},
  });
}

const server =
  how === 'node'
    ? new MemberTrust(credentials(), systemClock, silentLogger).createServer(['hub'], (socket) =>
        standInForNode(socket, serveSession),
      )
    : how === 'tls'
      ? createTlsServer({ cert: credentials().certificate, key: credentials().key }, serveRaw)
      : createServer({ noDelay: true }, how === 'imap' ? serveImap : serveRaw);
server.listen(0, '127.0.0.1', 4_096, () => console.log((server.address() as AddressInfo).port));
