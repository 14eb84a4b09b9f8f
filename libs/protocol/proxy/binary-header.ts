import { crc32c } from '#stdx';
import type { ProxiedClient, ProxyHeader } from './model.ts';

/** proxy-protocol.txt §2.2: no text protocol begins like this. */
export const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** Signature, version and command, family, length. */
const FIXED_BYTES = 16;
/** Addresses and TLVs. proxy-protocol.txt §2.2 asks for at least 536 bytes in all; certificates' names make it longer. */
const REST_BYTES_MAX = 4_096;
const VERSION = 2;
const LOCAL = 0;
const PROXY = 1;
/** Family and transport: TCP over IPv4 and over IPv6; with the length of an address. */
const TCP4 = { code: 0x11, addressBytes: 4 };
const TCP6 = { code: 0x21, addressBytes: 16 };
/** AF_UNSPEC, datagrams and UNIX sockets: addresses of no use here. */
const OTHER_FAMILIES = new Set([0x00, 0x12, 0x22, 0x31, 0x32]);
/** How many bytes of addresses go before the TLVs. */
const ADDRESS_BYTES = new Map([
  [0x00, 0],
  [0x11, 12],
  [0x12, 12],
  [0x21, 36],
  [0x22, 36],
  [0x31, 216],
  [0x32, 216],
]);
const CRC32C_TLV = 0x03;

const invalid = (reason: string): ProxyHeader => ({ kind: 'invalid', reason });

/** Version 2; `bytes` begin like `SIGNATURE`. */
export function readBinaryHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length < FIXED_BYTES) return { kind: 'incomplete' };
  const [version, command] = [bytes[12]! >> 4, bytes[12]! & 0x0f];
  const family = bytes[13]!;
  const length = FIXED_BYTES + bytes.readUInt16BE(14);
  if (version !== VERSION || (command !== LOCAL && command !== PROXY)) return invalid('unknown PROXY version');
  if (length > FIXED_BYTES + REST_BYTES_MAX) return invalid('PROXY header too long');
  if (bytes.length < length) return { kind: 'incomplete' };
  const header = bytes.subarray(0, length);
  // A LOCAL header's family and addresses are to be ignored.
  if (command === LOCAL) return { kind: 'header', length, client: null };
  const addressesEnd = FIXED_BYTES + (ADDRESS_BYTES.get(family) ?? Infinity);
  if (addressesEnd > length) return invalid('malformed PROXY header');
  const damaged = damage(header, addressesEnd);
  if (damaged) return invalid(damaged);
  return { kind: 'header', length, client: clientOf(header, family) };
}

function clientOf(header: Buffer, family: number): ProxiedClient | null {
  if (OTHER_FAMILIES.has(family)) return null;
  const { addressBytes } = family === TCP4.code ? TCP4 : TCP6;
  const source = header.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes);
  const port = header.readUInt16BE(FIXED_BYTES + 2 * addressBytes);
  return { address: family === TCP4.code ? source.join('.') : ipv6Text(source), port };
}

/** RFC 5952 §4, by way of the URL parser. */
function ipv6Text(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** What is wrong with the TLVs, if anything: a length past the end, or a checksum that does not hold (§2.2.3). */
function damage(header: Buffer, start: number): string | undefined {
  for (let at = start; at < header.length; ) {
    const valueAt = at + 3;
    const end = valueAt <= header.length ? valueAt + header.readUInt16BE(at + 1) : Infinity;
    if (end > header.length) return 'malformed PROXY header';
    if (header[at] === CRC32C_TLV) {
      if (end - valueAt !== 4) return 'malformed PROXY checksum';
      const zeroed = Buffer.from(header).fill(0, valueAt, end);
      if (crc32c(zeroed) !== header.readUInt32BE(valueAt)) return 'wrong PROXY checksum';
    }
    at = end;
  }
  return undefined;
}
