import { present } from '#stdx';
import { BoundarySet } from './boundary-set.ts';
import { EMPTY_ENVELOPE, interpretHeader, type PartFields } from './header-fields.ts';
import { BOUNDARY_BYTES_MAX } from './limits.ts';
import type { BodyPart, Envelope, MessageLimits } from './model.ts';
import { closePart, isAttachment, type OpenPart, openPart } from './open-part.ts';
import { PreviewPicker } from './preview-picker.ts';
import { isEncoded } from './transfer.ts';

/** A place in the message. */
export interface Place {
  readonly offset: number;
  /** Line ends before it, an unfinished line counted. */
  readonly lines: number;
}

/** Grows the tree of parts while a reader tells where headers, boundaries and the end lie. */
export class StructureBuilder {
  readonly boundaries = new BoundarySet<OpenPart>();
  readonly preview = new PreviewPicker();
  hasAttachments = false;
  truncated = false;
  /** The whole message, once `finish` was called. */
  root: BodyPart | null = null;
  envelope: Envelope = EMPTY_ENVELOPE;
  /** Innermost open part. */
  private part: OpenPart = openPart(null, true, 0);
  private partsLeft: number;
  private headerBytesLeft: number;

  constructor(private readonly limits: MessageLimits) {
    this.partsLeft = limits.partsMax - 1;
    this.headerBytesLeft = limits.headerBytesTotalMax;
  }

  /** First byte of the innermost part's body; meaningless while its header is being read. */
  get bodyStart(): number {
    return this.part.bodyStart;
  }

  /** Bytes of the coming header block that will be looked at. */
  get headerBytesMax(): number {
    return Math.min(this.limits.headerBytesMax, this.headerBytesLeft);
  }

  /** The innermost part's header is over. Returns whether another header follows at once: that of an embedded message. */
  endHeader(block: Buffer, isWhole: boolean, body: Place): boolean {
    const { part, limits } = this;
    const parentSubtype = part.isMessage ? '' : (part.parent?.fields?.subtype ?? '');
    const { fields, envelope, truncated } = interpretHeader(block, part.isMessage, parentSubtype, limits.addressesMax);
    this.headerBytesLeft -= block.length;
    if (truncated || !isWhole) this.truncated = true;
    part.envelope = envelope;
    if (part.parent === null) this.envelope = envelope;
    part.bodyStart = body.offset;
    part.linesBefore = body.lines;
    part.fields = this.openContent(part, fields);
    if (!this.hasAttachments) this.hasAttachments = isAttachment(part, part.fields);
    if (part.content === 'message') return this.beginPart(part, true, body.offset);
    if (part.content === 'leaf') this.preview.begin(part, part.fields);
    return false;
  }

  /** Decides what the body is. A multipart whose boundary cannot be used has an unreadable Content-Type, so RFC 2045 §5.2's default holds. */
  private openContent(part: OpenPart, fields: PartFields): PartFields {
    if (fields.type === 'multipart') {
      const boundary = Buffer.from((fields.parameters['boundary'] ?? '').trimEnd(), 'utf8');
      if (boundary.length === 0 || boundary.length > BOUNDARY_BYTES_MAX) {
        return { ...fields, type: 'text', subtype: 'plain', parameters: {} };
      }
      if (this.hasRoomBelow(part)) {
        part.content = 'multipart';
        this.boundaries.open(boundary, part);
      }
    } else if (fields.type === 'message' && (fields.subtype === 'rfc822' || fields.subtype === 'global')) {
      // What an encoding hides cannot be pointed at.
      if (!isEncoded(fields.encoding) && this.hasRoomBelow(part)) part.content = 'message';
    }
    return fields;
  }

  private hasRoomBelow(part: OpenPart): boolean {
    const hasRoom = part.depth < this.limits.depthMax && this.partsLeft > 0;
    if (!hasRoom) this.truncated = true;
    return hasRoom;
  }

  /** A boundary line of `owner`: what is open below it ends there. `isClosing` is the last one. */
  boundary(owner: OpenPart, isClosing: boolean, end: Place): void {
    while (this.part !== owner) this.close(end);
    if (isClosing) this.boundaries.close(owner);
  }

  /** A part of `parent` begins. False when there are too many: its bytes then belong to `parent` alone. */
  beginPart(parent: OpenPart, isMessage: boolean, headerStart: number): boolean {
    if (this.partsLeft === 0) {
      this.truncated = true;
      return false;
    }
    this.partsLeft--;
    this.part = openPart(parent, isMessage, headerStart);
    return true;
  }

  /** The message is over. */
  finish(end: Place): void {
    while (this.root === null) this.close(end);
  }

  private close(end: Place): void {
    const { part } = this;
    const lines = end.offset > part.bodyStart ? end.lines - part.linesBefore : 0;
    const body = closePart(part, present(part.fields, 'fields of a part being closed'), end.offset, lines);
    if (part.content === 'multipart') this.boundaries.close(part);
    const { parent } = part;
    if (parent === null) {
      this.root = body;
      return;
    }
    if (part.isMessage) parent.embedded = { envelope: part.envelope ?? EMPTY_ENVELOPE, body };
    else parent.parts.push(body);
    this.part = parent;
  }
}
