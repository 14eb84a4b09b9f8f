import assert from 'node:assert/strict';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import { Carrier, CarrierLostError, CarrierTally, type Channel, DEFAULT_CARRIER_SETTINGS } from '#carrier';
import {
  CarrierFrame,
  carrierFrame,
  carrierHeader,
  encodeCarrierHello,
  encodeCredit,
  encodePrefaceReply,
} from '#protocol/handover';
import { systemClock } from '#stdx';
import { carrierPair, listenTo, SimulatedClock, until } from '#testing';

/** Takes what comes on a channel, at once or when `take` says so. */
function reader(channel: Channel, atOnce = true) {
  const seen = { bytes: 0, marks: 0, drained: 0, ended: false, lost: false, order: [] as string[] };
  let untaken = 0;
  channel.attach({
    channelData(bytes) {
      seen.bytes += bytes.length;
      seen.order.push('data');
      if (atOnce) channel.consumed(bytes.length);
      else untaken += bytes.length;
    },
    channelMark() {
      seen.marks++;
      seen.order.push('mark');
    },
    channelDrained() {
      seen.drained++;
    },
    channelEnded() {
      seen.ended = true;
    },
    channelLost() {
      seen.lost = true;
    },
  });
  return Object.assign(seen, {
    take(): void {
      channel.consumed(untaken);
      untaken = 0;
    },
  });
}

/** Writes `total` bytes as a session does: waits when it is asked to. */
function pour(channel: Channel, total: number) {
  let left = total;
  const poured = { peak: 0, left: () => left };
  const piece = Buffer.alloc(65_536, 0x61);
  const go = (): void => {
    while (left > 0) {
      const bytes = piece.subarray(0, Math.min(left, piece.length));
      left -= bytes.length;
      if (!channel.write(bytes)) return;
    }
  };
  channel.attach({ channelData() {}, channelDrained: go, channelEnded() {}, channelLost() {} });
  go();
  return poured;
}

const WINDOW = DEFAULT_CARRIER_SETTINGS.windowBytes;
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

describe('a channel', () => {
  it('carries bytes both ways, and ends when both sides have', async () => {
    const { open, hub: carrier } = await carrierPair();
    const { hub, node } = await open();
    const [onHub, onNode] = [reader(hub), reader(node)];
    node.write(Buffer.alloc(1_000_000));
    hub.write(Buffer.alloc(300_000));
    await until('all bytes', () => onHub.bytes === 1_000_000 && onNode.bytes === 300_000);
    hub.end();
    await until('the end', () => onNode.ended);
    node.write(Buffer.alloc(10));
    node.end();
    await until('the other end', () => onHub.ended);
    assert.equal(onHub.bytes, 1_000_010, 'what is said after the other side has ended still comes');
    assert.equal(carrier.channelCount, 0);
  });

  it('keeps a mark behind the answer it is of, and an end behind both', async () => {
    const { open } = await carrierPair();
    const { hub, node } = await open();
    const onHub = reader(hub);
    node.write(Buffer.alloc(WINDOW * 2));
    node.mark(Buffer.alloc(100));
    node.end();
    await until('the end', () => onHub.ended);
    assert.equal(onHub.bytes, WINDOW * 2);
    assert.equal(onHub.order.at(-1), 'mark');
  });

  it('sends no more than its reader’s window, until that has taken some of it', async () => {
    const { open, tally } = await carrierPair();
    const { hub, node } = await open();
    const onHub = reader(hub, false);
    const poured = pour(node, WINDOW * 10);
    await settled();
    assert.equal(onHub.bytes, WINDOW);
    assert.ok(WINDOW * 10 - poured.left() <= WINDOW + 131_072, 'and the writer was asked to wait');
    assert.ok(tally.stalls >= 1);
    onHub.take();
    await until('the next window', () => onHub.bytes === WINDOW * 2);
  });

  it('does not wait for one whose reader is slow', async () => {
    const { open } = await carrierPair();
    const slow = await open();
    const other = await open();
    reader(slow.hub, false);
    const onOther = reader(other.hub);
    pour(slow.node, WINDOW * 10);
    pour(other.node, WINDOW * 10);
    await until('all of the other', () => onOther.bytes === WINDOW * 10);
  });

  it('takes its turn among others with long answers', async () => {
    const { open } = await carrierPair();
    const long = await Promise.all([open(), open(), open()]);
    for (const { hub } of long) reader(hub);
    const short = await open();
    let left: readonly number[] = [];
    listenTo(short.hub, {
      data: () => {
        left = poured.map((one) => one.left());
      },
    });
    const poured = long.map(({ node }) => pour(node, 50_000_000));
    await new Promise((resolve) => setImmediate(resolve));
    short.node.write(Buffer.from('a OK\r\n'));
    await until('the short answer', () => left.length > 0, 5_000);
    for (const bytes of left) assert.ok(bytes > 45_000_000, 'the long ones have hardly begun');
  });

  it('that is broken off is over at once on either side, and what was on its way is dropped', async () => {
    const { open, hub: carrier } = await carrierPair();
    const { hub, node } = await open();
    const onNode = reader(node);
    const onHub = reader(hub);
    node.write(Buffer.alloc(50_000));
    hub.reset();
    await until('the node to know', () => onNode.lost);
    assert.deepEqual([onHub.bytes, onHub.lost, carrier.channelCount], [0, false, 0]);
    assert.equal(node.write(Buffer.alloc(10)), true, 'nobody waits for one that is gone');
    const next = await open();
    next.node.write(Buffer.from('x'));
    const onNext = reader(next.hub);
    await until('the next one to work', () => onNext.bytes === 1);
  });

  it('whose user does not take what it says is broken off alone', async () => {
    const { open } = await carrierPair();
    const { hub, node } = await open();
    const onNode = reader(node);
    let lost = false;
    hub.attach({
      channelData() {},
      channelMark() {
        throw new RangeError('no mark');
      },
      channelDrained() {},
      channelEnded() {},
      channelLost() {
        lost = true;
      },
    });
    node.mark(Buffer.from('?'));
    await until('both to know', () => lost && onNode.lost);
    await open();
  });

  it('holds what comes until it has a user', async () => {
    const { open } = await carrierPair();
    const { hub, node } = await open();
    node.write(Buffer.from('one'));
    node.mark(Buffer.alloc(4));
    node.end();
    await settled();
    const onHub = reader(hub);
    assert.deepEqual([onHub.order, onHub.ended], [['data', 'mark'], true]);
  });
});

/** A carrier of ours, and the other side by hand. */
function byHand(clock = new SimulatedClock(), accept?: (channel: Channel, payload: Buffer) => void) {
  const [near, far]: [Duplex, Duplex] = duplexPair();
  const shared = { first: Buffer.alloc(0), settings: DEFAULT_CARRIER_SETTINGS, tally: new CarrierTally(), clock };
  const carrier = new Carrier({ ...shared, socket: near, ...(accept ? { accept } : {}) });
  far.resume();
  let why: string | undefined;
  void carrier.closed.then((text) => {
    why = text;
  });
  return { carrier, far, clock, why: () => why };
}
const HELLO = carrierFrame(CarrierFrame.HELLO, 0, encodeCarrierHello({ windowBytes: 65_536, channelsMax: 3 }));

describe('a carrier', () => {
  it('that is silent for too long ends, with all its channels', async () => {
    const { carrier, far, clock, why } = byHand();
    far.write(HELLO);
    await carrier.opened;
    const refused = assert.rejects(carrier.open(Buffer.from('{}'), 60_000), CarrierLostError);
    await clock.advance(DEFAULT_CARRIER_SETTINGS.silenceMsMax + DEFAULT_CARRIER_SETTINGS.pingMs * 2);
    await refused;
    assert.match(why() ?? '', /silent/);
  });

  it('stays while the other side answers its pings', async () => {
    const { carrier, far, clock, why } = byHand();
    far.write(HELLO);
    await carrier.opened;
    for (let i = 0; i < 20; i++) {
      await clock.advance(DEFAULT_CARRIER_SETTINGS.pingMs);
      far.write(carrierFrame(CarrierFrame.PONG, 0));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(why(), undefined);
  });

  it('opens no more channels than the other side serves', async () => {
    const { carrier, far } = byHand(new SimulatedClock());
    far.write(HELLO);
    await carrier.opened;
    for (let id = 1; id <= 3; id++) {
      const opening = carrier.open(Buffer.from('{}'), 1_000);
      far.write(carrierFrame(CarrierFrame.ANSWER, id, Buffer.from(encodePrefaceReply({ ok: true }))));
      await opening;
    }
    assert.equal(carrier.hasRoom, false);
    await assert.rejects(carrier.open(Buffer.from('{}'), 1_000), CarrierLostError);
  });

  it('gives an opening that is not answered up, and says so', async () => {
    const { carrier, far, clock } = byHand();
    far.write(HELLO);
    await carrier.opened;
    const opening = carrier.open(Buffer.from('{}'), 1_000);
    await Promise.all([assert.rejects(opening, /no answer in 1000 ms/), clock.advance(1_000)]);
    assert.equal(carrier.channelCount, 0);
    far.write(carrierFrame(CarrierFrame.ANSWER, 1, Buffer.from(encodePrefaceReply({ ok: true }))));
    far.write(carrierFrame(CarrierFrame.DATA, 1, Buffer.from('late')));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(carrier.hasRoom, true, 'what comes late for it harms nobody');
  });

  const foreign = Buffer.alloc(12);
  foreign.writeUInt16BE(7, 0);
  foreign.writeUInt16BE(9, 2);
  const breaches: readonly [string, readonly Buffer[], RegExp][] = [
    ['says something before its hello', [carrierFrame(CarrierFrame.PING, 0)], /no hello/],
    ['speaks only later versions', [carrierFrame(CarrierFrame.HELLO, 0, foreign)], /versions 7 to 9/],
    ['says hello twice', [HELLO, HELLO], /second hello/],
    [
      'speaks on a channel that was never opened',
      [HELLO, carrierFrame(CarrierFrame.DATA, 9, Buffer.from('x'))],
      /not opened/,
    ],
    ['opens a channel where only we do', [HELLO, carrierFrame(CarrierFrame.OPEN, 1, Buffer.from('{}'))], /opened/],
    ['gives credit of nothing', [HELLO, carrierFrame(CarrierFrame.WINDOW, 1, encodeCredit(0))], /not opened|no credit/],
    ['breaks its framing', [HELLO, carrierHeader(CarrierFrame.DATA, 1, 0xffffff)], /frame of/],
  ];
  for (const [what, frames, reason] of breaches)
    it(`ends when the other side ${what}`, async () => {
      const { far, why } = byHand();
      for (const frame of frames) far.write(frame);
      await until('the end', () => why() !== undefined);
      assert.match(why() ?? '', reason);
    });

  it('ends when the other side says more than it was granted', async () => {
    const { far, why } = byHand(new SimulatedClock(), (channel) => void reader(channel, false));
    far.write(HELLO);
    far.write(carrierFrame(CarrierFrame.OPEN, 1, Buffer.from('{}')));
    for (let sent = 0; sent <= WINDOW; sent += 16_384)
      far.write(carrierFrame(CarrierFrame.DATA, 1, Buffer.alloc(16_384)));
    await until('the end', () => why() !== undefined);
    assert.match(why() ?? '', /more than the window/);
  });

  it('ends when it is opened with a number that is not above the last', async () => {
    const { far, why } = byHand(new SimulatedClock(), (channel) => void reader(channel));
    far.write(HELLO);
    for (const id of [5, 5]) far.write(carrierFrame(CarrierFrame.OPEN, id, Buffer.from('{}')));
    await until('the end', () => why() !== undefined);
    assert.match(why() ?? '', /channel 5 opened/);
  });

  it('ends its channels with itself', async () => {
    const { open, node: carrier, hub: near } = await carrierPair();
    const { hub, node } = await open();
    const [onHub, onNode] = [reader(hub), reader(node)];
    carrier.destroy('a test');
    await until('both sides to know', () => onHub.lost && onNode.lost);
    assert.match(await near.closed, /ended|closed/);
  });

  it('carries thousands of channels that come and go', async () => {
    const { open, hub: carrier } = await carrierPair();
    const begun = systemClock.monotonic();
    let bytes = 0;
    for (let round = 0; round < 20; round++) {
      const channels = await Promise.all(
        Array.from({ length: 100 }, async () => {
          const ends = await open();
          return ends.hub;
        }),
      );
      for (const hub of channels) {
        listenTo(hub, { data: (piece) => (bytes += piece.length) });
        hub.write(Buffer.from('hello'));
        hub.reset();
      }
    }
    assert.equal(carrier.channelCount, 0);
    assert.ok(systemClock.monotonic() - begun < 20_000);
    assert.equal(bytes, 0);
  });
});
