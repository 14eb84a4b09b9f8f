import { once } from 'node:events';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls, createServer } from 'node:tls';
import { parseArgs } from 'node:util';
import { Carrier, CarrierTally, type Channel, DEFAULT_CARRIER_SETTINGS, ReadSlabs } from '#carrier';
import { systemClock } from '#stdx';
import { TestAuthority } from '#testing';

// Our carrier beside node:http2 as a multiplexer, both over TLS 1.3 with both ends in this process, in one run:
//   node --expose-gc dist/bench/carrier.js [--channels N] [--megabytes N] [--commands N]
// Memory of an idle channel, both ends; a long answer in MB per CPU second, both ends; a command and its answer.
const { values } = parseArgs({
  options: {
    channels: { type: 'string', default: '4000' },
    megabytes: { type: 'string', default: '256' },
    commands: { type: 'string', default: '3000' },
  },
});
const BYTES = Number(values.megabytes) * 1_048_576;
const PIECE = Buffer.alloc(65_536, 0x61);
const { key, certificate } = await (await TestAuthority.create('bench')).credentials('node', 'node');

/** One channel, as either multiplexer has it. */
interface Line {
  say(text: string): void;
  /** The bytes that came since the last time. */
  hear(onBytes: (bytes: number) => void): void;
}

type Multiplexer = () => Promise<() => Promise<Line>>;

/** What the far end does: `g` begins a long answer, anything else is answered at once. */
const isLong = (chunk: Buffer): boolean => chunk[0] === 0x67;

const carriers: Multiplexer = async () => {
  const shared = { settings: DEFAULT_CARRIER_SETTINGS, tally: new CarrierTally(), clock: systemClock };
  const server = createServer({ key, cert: certificate }, (socket: Socket) => {
    const accept = (channel: Channel): void => {
      carrier.answer(channel, { ok: true });
      let left = 0;
      const pour = (): void => {
        while (left > 0) {
          left -= PIECE.length;
          if (!channel.write(PIECE)) return;
        }
      };
      channel.attach({
        channelData(bytes) {
          channel.consumed(bytes.length);
          if (isLong(bytes)) left = BYTES;
          else channel.write(Buffer.from('ok'));
          pour();
        },
        channelDrained: pour,
        channelEnded() {},
        channelLost() {},
      });
    };
    const carrier = new Carrier({ ...shared, socket, first: Buffer.alloc(0), accept });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reads = new ReadSlabs();
  const port = (server.address() as AddressInfo).port;
  const socket = connectTls({ ...{ onread: reads.options }, port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const carrier = new Carrier({ ...shared, socket, reads, first: Buffer.alloc(0) });
  await carrier.opened;
  return async () => {
    const { channel } = await carrier.open(Buffer.from('{}'), 10_000);
    let onBytes = (_bytes: number): void => {};
    channel.attach({
      channelData(bytes, giveBack) {
        channel.consumed(bytes.length);
        onBytes(bytes.length);
        giveBack?.();
      },
      channelDrained() {},
      channelEnded() {},
      channelLost() {},
    });
    return {
      say: (text) => void channel.write(Buffer.from(text)),
      hear: (listener) => {
        onBytes = listener;
      },
    };
  };
};

const http2: Multiplexer = async () => {
  const settings = { initialWindowSize: DEFAULT_CARRIER_SETTINGS.windowBytes, maxConcurrentStreams: 1_000_000 };
  const server = createSecureServer({ key, cert: certificate, settings });
  server.on('session', (session) => session.setLocalWindowSize(2 ** 30));
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    let left = 0;
    const pour = (): void => {
      while (left > 0) {
        left -= PIECE.length;
        if (!stream.write(PIECE)) return;
      }
    };
    stream.on('drain', pour).on('error', () => {});
    stream.on('data', (chunk: Buffer) => {
      if (isLong(chunk)) left = BYTES;
      else stream.write('ok');
      pour();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const session = connectHttp2(origin, { rejectUnauthorized: false, settings });
  await once(session, 'remoteSettings');
  session.setLocalWindowSize(2 ** 30);
  return async () => {
    const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
    await once(stream, 'response');
    let onBytes = (_bytes: number): void => {};
    stream.on('data', (chunk: Buffer) => onBytes(chunk.length));
    return {
      say: (text) => void stream.write(text),
      hear: (listener) => {
        onBytes = listener;
      },
    };
  };
};

function memory(): number {
  for (let i = 0; i < 4; i++) globalThis.gc?.();
  return process.memoryUsage.rss();
}

const heard = (line: Line, bytes: number): Promise<void> =>
  new Promise((resolve) => {
    let left = bytes;
    line.hear((count) => {
      left -= count;
      if (left <= 0) resolve();
    });
  });

async function measure(name: string, multiplexer: Multiplexer): Promise<void> {
  const open = await multiplexer();
  const warm = await open();
  for (let i = 0; i < 200; i++) await open();
  const before = memory();
  const count = Number(values.channels);
  const kept: Line[] = [];
  while (kept.length < count) kept.push(...(await Promise.all(Array.from({ length: 100 }, open))));
  const kib = (memory() - before) / count / 1_024;
  const times: number[] = [];
  for (let i = 0; i < Number(values.commands); i++) {
    const from = performance.now();
    const answer = heard(warm, 2);
    warm.say('n');
    await answer;
    times.push(performance.now() - from);
  }
  const cpu = process.cpuUsage();
  const all = heard(warm, BYTES);
  warm.say('g');
  await all;
  const { user, system } = process.cpuUsage(cpu);
  const rate = BYTES / 1_048_576 / ((user + system) / 1e6);
  const ms = times.toSorted((a, b) => a - b)[times.length >> 1]!;
  console.log(
    `${name}: ${kib.toFixed(1)} KiB an idle channel, ${rate.toFixed(0)} MB per CPU second, a command ${ms.toFixed(3)} ms (${kept.length} channels)`,
  );
}

await measure('carrier', carriers);
await measure('node:http2', http2);
process.exit();
