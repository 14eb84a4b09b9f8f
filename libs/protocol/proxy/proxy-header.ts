import { readBinaryHeader, SIGNATURE } from './binary-header.ts';
import type { ProxyHeader } from './model.ts';

/** proxy-protocol.txt §2.1: the longest line with its CRLF. */
const LINE_BYTES_MAX = 107;
const PREFIX = Buffer.from('PROXY ');

/** Reads the header, of version 1 or 2, at the start of `bytes`; what follows it is the client's own. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, SIGNATURE)) return readBinaryHeader(bytes);
  if (startsLike(bytes, PREFIX)) return readLine(bytes);
  return { kind: 'invalid', reason: 'no PROXY header' };
}

const startsLike = (bytes: Buffer, start: Buffer): boolean => {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
};

function readLine(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LINE_BYTES_MAX).indexOf('\r\n');
  if (end < 0)
    return bytes.length < LINE_BYTES_MAX ? { kind: 'incomplete' } : { kind: 'invalid', reason: 'endless PROXY line' };
  const [, protocol = '', source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  // What follows UNKNOWN is to be ignored.
  if (protocol === 'UNKNOWN') return { kind: 'header', length: end + 2, client: null };
  const isAddress = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isIPv6 : () => false;
  const wellFormed =
    [source, destination].every(isAddress) && [sourcePort, destinationPort].every(isPort) && more.length === 0;
  if (!wellFormed) return { kind: 'invalid', reason: 'malformed PROXY line' };
  return { kind: 'header', length: end + 2, client: { address: source, port: Number(sourcePort) } };
}

/** No leading zeroes, as the text asks. */
const isPort = (text: string): boolean => /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
const isIPv4 = (text: string): boolean => /^(\d{1,3}[.]){3}\d{1,3}$/.test(text) && text.split('.').every(isOctet);
const isOctet = (text: string): boolean => String(Number(text)) === text && Number(text) <= 255;
const isIPv6 = (text: string): boolean => /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
