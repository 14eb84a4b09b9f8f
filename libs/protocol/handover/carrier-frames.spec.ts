import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  CARRIER_VERSION,
  CarrierFrame,
  type CarrierFrameType,
  CarrierReader,
  CONTROL_BYTES_MAX,
  carrierFrame,
  carrierHeader,
  commonCarrierVersion,
  DATA_BYTES_MAX,
  decodeCarrierHello,
  decodeCredit,
  encodeCarrierHello,
  encodeCredit,
} from './carrier-frames.ts';

interface Seen {
  readonly type: CarrierFrameType;
  readonly channel: number;
  readonly payload: string;
}

/** Everything that comes out; neighbouring pieces of DATA on one channel are one. */
function readAll(chunks: readonly Buffer[]): Seen[] {
  const seen: Seen[] = [];
  const reader = new CarrierReader({
    data(channel, piece) {
      const last = seen.at(-1);
      const payload = piece.toString('latin1');
      if (last?.type === CarrierFrame.DATA && last.channel === channel)
        seen[seen.length - 1] = { ...last, payload: last.payload + payload };
      else seen.push({ type: CarrierFrame.DATA, channel, payload });
    },
    frame: (type, channel, payload) => void seen.push({ type, channel, payload: payload.toString('latin1') }),
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  return seen;
}

const control = [CarrierFrame.OPEN, CarrierFrame.ANSWER, CarrierFrame.MARK, CarrierFrame.REQUEST, CarrierFrame.WINDOW];
const anyFrame = fc.oneof(
  fc.record({
    type: fc.constantFrom(...control, CarrierFrame.END, CarrierFrame.RESET),
    channel: fc.integer({ min: 1, max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  fc.record({
    type: fc.constant(CarrierFrame.DATA),
    channel: fc.integer({ min: 1, max: 5 }),
    payload: fc.uint8Array({ minLength: 1, maxLength: 2_000 }),
  }),
  fc.record({
    type: fc.constantFrom(CarrierFrame.HELLO, CarrierFrame.PING, CarrierFrame.PONG),
    channel: fc.constant(0),
    payload: fc.uint8Array({ maxLength: 20 }),
  }),
);

/** `bytes` cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

describe('frames of a carrier', () => {
  it('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 30 }), (frames, places) => {
        const stream = Buffer.concat(frames.map(({ type, channel, payload }) => carrierFrame(type, channel, payload)));
        assert.deepEqual(readAll(cut(stream, places)), readAll([stream]));
        const data = frames.filter(({ type }) => type === CarrierFrame.DATA);
        const text = readAll([stream]).filter(({ type }) => type === CarrierFrame.DATA);
        assert.equal(
          text.map(({ payload }) => payload).join(''),
          data.map(({ payload }) => Buffer.from(payload).toString('latin1')).join(''),
        );
        assert.equal(readAll([stream]).length - text.length, frames.length - data.length);
      }),
      { numRuns: 500 },
    );
  });

  it('that are noise are refused with a RangeError or read as frames within the limits, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 }), (chunks) => {
        const reader = new CarrierReader({
          data: (channel, piece) => assert.ok(channel > 0 && piece.length <= DATA_BYTES_MAX),
          frame: (type, channel, payload) =>
            assert.ok(type <= CarrierFrame.RESET && channel >= 0 && payload.length <= CONTROL_BYTES_MAX),
        });
        try {
          for (const chunk of chunks) reader.push(Buffer.from(chunk));
        } catch (error) {
          assert.ok(error instanceof RangeError, String(error));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  const wrong: readonly [string, Buffer][] = [
    ['an unknown type', carrierHeader(11 as CarrierFrameType, 1, 0)],
    ['DATA above a turn', carrierHeader(CarrierFrame.DATA, 1, DATA_BYTES_MAX + 1)],
    ['a mark above the limit', carrierHeader(CarrierFrame.MARK, 1, CONTROL_BYTES_MAX + 1)],
    ['DATA of no channel', carrierHeader(CarrierFrame.DATA, 0, 1)],
    ['a PING of a channel', carrierHeader(CarrierFrame.PING, 1, 0)],
  ];
  for (const [what, bytes] of wrong)
    it(`refuse ${what} at the header`, () => assert.throws(() => readAll([bytes]), RangeError));

  it('do not keep what they came with in memory', () => {
    const payloads: Buffer[] = [];
    const reader = new CarrierReader({ data() {}, frame: (_type, _channel, payload) => void payloads.push(payload) });
    const read = Buffer.allocUnsafeSlow(16_384);
    const mark = carrierFrame(CarrierFrame.MARK, 1, Buffer.alloc(100));
    mark.copy(read);
    reader.push(read.subarray(0, mark.length));
    reader.push(read.subarray(0, mark.length - 7));
    reader.push(Buffer.from(mark.subarray(mark.length - 7)));
    assert.equal(payloads.length, 2);
    for (const payload of payloads) assert.ok(payload.buffer !== read.buffer);
  });
});

describe('a hello', () => {
  it('comes back as it went, whatever a later version puts behind it', () => {
    const payload = encodeCarrierHello({ windowBytes: 65_536, channelsMax: 7 });
    const hello = { oldest: 1, newest: CARRIER_VERSION, windowBytes: 65_536, channelsMax: 7 };
    assert.deepEqual(decodeCarrierHello(payload), hello);
    assert.deepEqual(decodeCarrierHello(Buffer.concat([payload, Buffer.from('more')])), hello);
    assert.throws(() => decodeCarrierHello(payload.subarray(1)), RangeError);
  });

  for (const [oldest, newest, common] of [
    [1, 1, 1],
    [1, 9, CARRIER_VERSION],
    [2, 9, undefined],
    [0, 0, undefined],
  ] as const)
    it(`of one that speaks ${oldest} to ${newest} means ${common ?? 'none'}`, () =>
      assert.equal(commonCarrierVersion({ oldest, newest }), common));
});

describe('credit', () => {
  it('comes back as it went, and is never nothing', () => {
    assert.equal(decodeCredit(encodeCredit(131_072)), 131_072);
    for (const payload of [encodeCredit(0), Buffer.alloc(3), Buffer.alloc(5, 1)])
      assert.throws(() => decodeCredit(payload), RangeError);
  });
});
