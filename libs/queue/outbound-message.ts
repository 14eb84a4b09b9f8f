import type { MailStore, QueueEntry } from '#mailstore/api';
import { asBuffer, type ByteStream, collect } from '#stdx';
import type { OutboundMessage } from './ports.ts';

/** A message not over this is read whole: it then goes out behind its commands. */
const WHOLE_BYTES_MAX = 256 * 1024;
const MAIL_PARAMETERS = ['BODY', 'SMTPUTF8', 'RET', 'ENVID'];

/** Entries that may share a transaction have the same key: one blob, one sender, one set of MAIL parameters. */
export const transactionKey = (entry: QueueEntry): string =>
  JSON.stringify([entry.blobId, entry.reversePath, ...MAIL_PARAMETERS.map((name) => entry.parameters[name] ?? null)]);

/** `entries` share one transaction key. */
export function outboundMessage(store: MailStore, entries: readonly [QueueEntry, ...QueueEntry[]]): OutboundMessage {
  const [{ blobId, reversePath, parameters, size }] = entries;
  return {
    entries,
    reversePath,
    size,
    parameters: new Map(
      MAIL_PARAMETERS.filter((name) => name in parameters).map((name) => [name, parameters[name] || null]),
    ),
    open: async () =>
      size <= WHOLE_BYTES_MAX
        ? withoutReturnPath(await collect(store.read(blobId), WHOLE_BYTES_MAX))
        : streamWithoutReturnPath(store.read(blobId)),
  };
}

/** RFC 5321 §4.4: a message on its way carries no Return-Path; ours does when a recipient of the same volume got it too. */
export function withoutReturnPath(bytes: Buffer): Buffer {
  if (!/^return-path:/i.test(bytes.toString('latin1', 0, 12))) return bytes;
  let end = bytes.indexOf('\n');
  // A folded field goes on where the next line begins with white space (RFC 5322 §2.2.3).
  while (end >= 0 && (bytes[end + 1] === 0x20 || bytes[end + 1] === 0x09)) end = bytes.indexOf('\n', end + 1);
  return end < 0 ? bytes : bytes.subarray(end + 1);
}

async function* streamWithoutReturnPath(stream: ByteStream): ByteStream {
  let first: Buffer | null = Buffer.alloc(0);
  for await (const piece of stream) {
    if (first === null) {
      yield piece;
      continue;
    }
    // The field is far shorter than this, and the store's pieces far longer.
    first = Buffer.concat([first, asBuffer(piece)]);
    if (first.length < 4_096) continue;
    yield withoutReturnPath(first);
    first = null;
  }
  if (first !== null) yield withoutReturnPath(first);
}
