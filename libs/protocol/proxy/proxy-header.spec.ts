import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32c } from '#stdx';
import { readProxyHeader } from './proxy-header.ts';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

function binary(command: number, family: number, rest: Buffer): Buffer {
  const fixed = Buffer.alloc(16);
  fixed.write(SIGNATURE, 'latin1');
  fixed[12] = command;
  fixed[13] = family;
  fixed.writeUInt16BE(rest.length, 14);
  return Buffer.concat([fixed, rest]);
}
const tlv = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 0xff]), value]);
const TCP4 = Buffer.from([192, 0, 2, 7, 10, 0, 0, 1, 0xc3, 0x50, 0, 25]);
const TCP6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from([0xc3, 0x50, 0, 25]),
]);

describe('version 1', () => {
  const cases: readonly [string, string | null | 'invalid'][] = [
    ['PROXY TCP4 192.0.2.7 10.0.0.1 50000 25\r\n', '192.0.2.7 50000'],
    ['PROXY TCP6 2001:db8::7 2001:db8::1 50000 25\r\n', '2001:db8::7 50000'],
    ['PROXY UNKNOWN\r\n', null],
    ['PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n', null],
    ['PROXY TCP4 192.0.2.7 10.0.0.1 050000 25\r\n', 'invalid'],
    ['PROXY TCP4 192.0.2.7 10.0.0.1 70000 25\r\n', 'invalid'],
    ['PROXY TCP4 192.0.2.07 10.0.0.1 50000 25\r\n', 'invalid'],
    ['PROXY TCP4 2001:db8::7 2001:db8::1 50000 25\r\n', 'invalid'],
    ['PROXY TCP6 192.0.2.7 10.0.0.1 50000 25\r\n', 'invalid'],
    ['PROXY TCP6 2001:db8::7] 2001:db8::1 50000 25\r\n', 'invalid'],
    ['PROXY TCP4 192.0.2.7 10.0.0.1 50000 25 x\r\n', 'invalid'],
    ['PROXY TCP4 192.0.2.7  10.0.0.1 50000 25\r\n', 'invalid'],
    ['PROXY UDP4 192.0.2.7 10.0.0.1 50000 25\r\n', 'invalid'],
    [`PROXY ${'x'.repeat(200)}`, 'invalid'],
    ['EHLO client\r\n', 'invalid'],
    ['PROXYTCP4 192.0.2.7 10.0.0.1 50000 25\r\n', 'invalid'],
  ];
  for (const [text, expected] of cases)
    it(`${JSON.stringify(text.slice(0, 60))} is ${expected ?? 'the balancer itself'}`, () => {
      const header = readProxyHeader(Buffer.from(`${text}EHLO x\r\n`, 'latin1'));
      if (expected === 'invalid') assert.equal(header.kind, 'invalid');
      else
        assert.deepEqual(header, {
          kind: 'header',
          length: text.length,
          client: expected && { address: expected.split(' ')[0], port: Number(expected.split(' ')[1]) },
        });
    });
});

describe('version 2', () => {
  const checked = binary(0x21, 0x11, Buffer.concat([TCP4, tlv(3, Buffer.alloc(4))]));
  checked.writeUInt32BE(crc32c(checked), checked.length - 4);
  const falsified = Buffer.from(checked);
  falsified[16] = 203;
  const cases: readonly [string, Buffer, string | null | 'invalid'][] = [
    ['TCP over IPv4', binary(0x21, 0x11, TCP4), '192.0.2.7'],
    ['TCP over IPv6', binary(0x21, 0x21, TCP6), '2001:db8::7'],
    ['TLVs', binary(0x21, 0x11, Buffer.concat([TCP4, tlv(2, Buffer.from('mx.example'))])), '192.0.2.7'],
    ['a checksum that holds', checked, '192.0.2.7'],
    ['a checksum that does not', falsified, 'invalid'],
    ['a TLV past the end', binary(0x21, 0x11, Buffer.concat([TCP4, Buffer.from([2, 0, 9, 1])])), 'invalid'],
    ['a health check', binary(0x20, 0x00, Buffer.alloc(0)), null],
    ['no family', binary(0x21, 0x00, Buffer.alloc(0)), null],
    ['a UNIX socket', binary(0x21, 0x31, Buffer.alloc(216)), null],
    ['an unknown family', binary(0x21, 0x41, TCP4), 'invalid'],
    ['an unknown command', binary(0x22, 0x11, TCP4), 'invalid'],
    ['version 3', binary(0x31, 0x11, TCP4), 'invalid'],
    ['too few bytes of addresses', binary(0x21, 0x21, TCP4), 'invalid'],
    ['a header past what is taken', binary(0x21, 0x11, Buffer.alloc(5_000)), 'invalid'],
  ];
  for (const [name, bytes, expected] of cases)
    it(`${name}: ${expected ?? 'the balancer itself'}`, () => {
      const header = readProxyHeader(Buffer.concat([bytes, Buffer.from('QUIT\r\n')]));
      if (expected === 'invalid') assert.equal(header.kind, 'invalid');
      else
        assert.deepEqual(header, {
          kind: 'header',
          length: bytes.length,
          client: expected && { address: expected, port: 50_000 },
        });
    });
});

describe('a header that comes in pieces', () => {
  for (const bytes of [
    Buffer.from('PROXY TCP4 192.0.2.7 10.0.0.1 50000 25\r\n'),
    binary(0x21, 0x21, Buffer.concat([TCP6, tlv(2, Buffer.from('x'))])),
  ])
    it(`of ${bytes.length} bytes is incomplete until its last one`, () => {
      for (let length = 0; length < bytes.length; length++)
        assert.equal(readProxyHeader(bytes.subarray(0, length)).kind, 'incomplete', `${length} bytes`);
      assert.equal(readProxyHeader(bytes).kind, 'header');
    });
});
