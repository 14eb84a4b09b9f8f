import { type MailboxRef, MailStoreError, type StoredMessage } from '#mailstore/api';
import { type MessageUrl, parseMessageUrl } from '#protocol/imap';
import type { ByteStream } from '#stdx';
import type { CommandSession } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { closePiece, type Piece } from '../fetch/piece.ts';
import { openPiece } from '../fetch/pieces.ts';
import { findMailbox } from '../shared-names.ts';

/** A part of a message that is put together. */
export interface Part {
  readonly size: number;
  open(): ByteStream;
  /** Not needed any more. */
  close(): void;
}

/** What an URL names: a message of this account, or a part of one. RFC 4469 §3; PARTIAL, RFC 5550 §3.1. */
export async function partOfUrl(session: CommandSession, text: string): Promise<Part> {
  const url = parseMessageUrl(text);
  const message = url && (await messageOf(session, url));
  if (!message) throw badUrl(text);
  const item = { kind: 'section', section: url.section, partial: url.partial, peek: true, label: 'BODY' } as const;
  // Opened anew when its turn comes: many parts at once would hold as many bytes.
  const open = async (): Promise<BytesPiece> => {
    const piece = await openPiece(session.store, message, item);
    if (!piece || piece.kind === 'number') throw badUrl(text);
    return piece;
  };
  const piece = await open();
  if (piece.kind === 'bytes') return { size: piece.bytes.length, open: () => bytesOf(open), close() {} };
  await closePiece(piece);
  return { size: piece.size, open: () => bytesOf(open), close() {} };
}

type BytesPiece = Exclude<Piece, null | { kind: 'number' }>;

async function* bytesOf(open: () => Promise<BytesPiece>): ByteStream {
  const piece = await open();
  if (piece.kind === 'stream') yield* piece.chunks;
  else if (piece.bytes.length > 0) yield piece.bytes;
}

async function messageOf(session: CommandSession, url: MessageUrl): Promise<StoredMessage | null> {
  const ref = await mailboxOf(session, url);
  if (!ref) return null;
  const only = [{ first: url.uid, last: url.uid }];
  for await (const [message] of session.store.messages(session.context, ref, only, { body: true }))
    if (message) return message;
  return null;
}

async function mailboxOf(session: CommandSession, { mailbox, uidValidity }: MessageUrl): Promise<MailboxRef | null> {
  if (mailbox === null)
    return session.isSelected && [null, session.view.uidValidity].includes(uidValidity) ? session.view.ref : null;
  try {
    const { ref, mailbox: found } = await findMailbox(session, mailbox);
    return uidValidity === null || uidValidity === found.uidValidity ? ref : null;
  } catch (error) {
    if (error instanceof MailStoreError && error.code === 'mailboxNotFound') return null;
    throw error;
  }
}

/** RFC 4469 §4: tells which; what a response code cannot hold is left out. */
const badUrl = (url: string): ImapRefusal =>
  new ImapRefusal(
    `BADURL "${url.replace(/[^\x20-\x7e]|["\\\]]/g, '').slice(0, 500)}"`,
    'There is no such message here',
  );
