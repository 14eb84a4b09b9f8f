import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MailStoreError, type MailStoreLimits, type MessageParserFactory, type StagedMessage } from '#mailstore/api';
import { packBody, packEnvelope } from '#protocol/message';
import type { ByteStream, Logger } from '#stdx';
import type { BlobPlace } from './blobs.ts';
import { failureKind } from './errors.ts';
import type { Room } from './room.ts';
import type { LargeRecord, SegmentWriter } from './segments.ts';
import type { VolumeSettings } from './settings.ts';

/** A whole message given at once is read in slices of this, so that parsing a big one lets others have their turn. */
const SLICE_BYTES = 64 * 1024;

/** A staged message's bytes and where they went. */
export interface StagedContent {
  readonly hash: Buffer;
  readonly size: number;
  readonly message: StagedMessage;
  readonly bytes: readonly Uint8Array[];
  readonly large: LargeRecord | undefined;
  /** As the index keeps them: packed (`#protocol/message`). */
  readonly envelope: string;
  readonly body: string;
  /** Where a commit wrote the small one's bytes. */
  place: BlobPlace | undefined;
  /** Commits under way that use it. */
  users: number;
  /** Its memory is no longer counted, its file no longer ours. */
  released: boolean;
}

/** Where the bytes are, once a commit has written them. */
export const placeOf = (content: StagedContent): BlobPlace | undefined => content.large?.place ?? content.place;

/** Takes messages in: hashed and parsed as they stream, small ones collected in memory, large ones written out as they come. */
export class Staging {
  private readonly contents = new WeakMap<StagedMessage, StagedContent>();
  /** Segments of large messages not yet let go of: not to be removed, though nothing refers to them. */
  readonly pinned = new Set<number>();
  private heldBytes = 0;

  constructor(
    private readonly parse: MessageParserFactory,
    private readonly segments: SegmentWriter,
    private readonly room: Room,
    private readonly bounds: { readonly limits: MailStoreLimits; readonly settings: VolumeSettings },
    private readonly isReferenced: (segment: number) => boolean,
    private readonly logger: Logger,
  ) {}

  async stage(source: ByteStream | Uint8Array): Promise<StagedMessage> {
    const intake = new Intake(this, this.segments, this.room, this.bounds.settings);
    const parser = this.parse();
    const sum = createHash('sha256');
    try {
      for await (const chunk of source instanceof Uint8Array ? slices(source) : source) {
        if (intake.size + chunk.length > this.bounds.limits.messageBytesMax)
          throw new MailStoreError('messageTooLarge');
        sum.update(chunk);
        parser.push(chunk);
        await intake.add(chunk);
      }
      const hash = sum.digest();
      await intake.large?.finish(hash);
      return this.accept(intake, hash, parser.end());
    } catch (error) {
      await this.drop(intake);
      throw failureKind(error) === 'diskFull' ? new MailStoreError('diskFull', 'no room', { cause: error }) : error;
    }
  }

  /** The bytes behind a staged message. Throws when it was discarded, or staged on another store. */
  content(message: StagedMessage): StagedContent {
    const content = this.contents.get(message);
    if (!content) throw new MailStoreError('unavailable', 'the staged message was discarded, or is of another store');
    return content;
  }

  /**
   * A commit that used it is over. After one that stored it the message need not be discarded: a small one's bytes go with
   * the object itself, a large one's file belongs to the index now.
   */
  done(content: StagedContent, stored: boolean): void {
    content.users -= 1;
    if (content.users === 0 && content.place) {
      // The next commit looks anew: by then the bytes may be gone from where they were, or be elsewhere.
      this.segments.unuse(content.place.segment);
      content.place = undefined;
    }
    if (content.users === 0 && (stored || !this.contents.has(content.message))) this.release(content);
  }

  memoryIsShort(bytes: number): boolean {
    return this.heldBytes + bytes > this.bounds.settings.stagedBytesMax;
  }

  hold(bytes: number): void {
    this.heldBytes += bytes;
  }

  private accept({ chunks, size, large }: Intake, hash: Buffer, parsed: StagedMessage['parsed']): StagedMessage {
    const message: StagedMessage = {
      blobId: hash.toString('hex'),
      size,
      parsed,
      bytes: async function* () {
        if (large) yield* large.read();
        else yield* chunks;
      },
      discard: () => {
        this.contents.delete(message);
        if (content.users === 0) this.release(content);
      },
    };
    const content: StagedContent = {
      ...{ hash, size, message, bytes: chunks, large },
      ...{ envelope: packEnvelope(parsed.envelope), body: packBody(parsed.body) },
      ...{ place: undefined, users: 0, released: false },
    };
    this.contents.set(message, content);
    return message;
  }

  private release(content: StagedContent): void {
    if (content.released) return;
    content.released = true;
    const { large, size } = content;
    if (!large) {
      this.heldBytes -= size;
      return;
    }
    this.pinned.delete(large.segment);
    large
      .release(this.isReferenced(large.segment))
      .catch((error: unknown) => this.logger.warn({ error, segment: large.segment }, 'large message left behind'));
  }

  private async drop({ large, held }: Intake): Promise<void> {
    this.heldBytes -= held;
    if (!large) return;
    this.pinned.delete(large.segment);
    await large.release(false).catch(() => {});
  }
}

/** One message on its way in. */
class Intake {
  readonly chunks: Uint8Array[] = [];
  size = 0;
  held = 0;
  large: LargeRecord | undefined;

  constructor(
    private readonly staging: Staging,
    private readonly segments: SegmentWriter,
    private readonly room: Room,
    private readonly settings: VolumeSettings,
  ) {}

  async add(chunk: Uint8Array): Promise<void> {
    this.size += chunk.length;
    if (this.large) {
      await this.room.take(chunk.length);
      await this.large.write([chunk]);
      return;
    }
    if (this.size > this.settings.largeMessageBytes || this.staging.memoryIsShort(chunk.length)) {
      await this.spill(chunk);
      return;
    }
    // A copy: the caller may use its buffer again before the commit reads ours.
    this.chunks.push(Buffer.from(chunk));
    this.held += chunk.length;
    this.staging.hold(chunk.length);
  }

  private async spill(chunk: Uint8Array): Promise<void> {
    await this.room.take(this.size);
    const large = await this.segments.large();
    this.large = large;
    this.staging.pinned.add(large.segment);
    await large.write([...this.chunks, chunk]);
    this.chunks.length = 0;
    this.staging.hold(-this.held);
    this.held = 0;
  }
}

async function* slices(bytes: Uint8Array): ByteStream {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0 && at % (16 * SLICE_BYTES) === 0) await nextTurn();
    yield bytes.subarray(at, at + SLICE_BYTES);
  }
}
