import { ByteCollector } from './byte-collector.ts';
import type { PartFields } from './header-fields.ts';
import { PREVIEW_HTML_BYTES, PREVIEW_PLAIN_BYTES } from './limits.ts';
import { isWithinMessage, type OpenPart } from './open-part.ts';
import { previewOf } from './preview.ts';

/**
 * Picks the text the preview is made of: the first text part that says anything, where in a multipart/alternative plain
 * text is preferred to HTML that came before it. Attached texts and embedded messages do not count.
 */
export class PreviewPicker {
  text = '';
  /** The HTML that `text` came from, as long as a plain sibling may still replace it. */
  private replaceable: OpenPart | null = null;
  private part: OpenPart | null = null;
  private fields: PartFields | null = null;
  private readonly bytes = new ByteCollector();
  private bytesMax = 0;

  /** Bytes of the part's body it would like to see next. */
  get wanted(): number {
    return this.part === null ? 0 : this.bytesMax - this.bytes.size;
  }

  /** A leaf's body begins. */
  begin(part: OpenPart, fields: PartFields): void {
    const isHtml = fields.subtype === 'html';
    if (fields.type !== 'text' || !(isHtml || fields.subtype === 'plain')) return;
    if (fields.disposition?.type === 'attachment' || isWithinMessage(part)) return;
    if (this.text !== '' && !(this.replaceable?.parent === part.parent && !isHtml)) return;
    this.part = part;
    this.fields = fields;
    this.bytesMax = isHtml ? PREVIEW_HTML_BYTES : PREVIEW_PLAIN_BYTES;
  }

  /** More of the body, copied. */
  add(bytes: Buffer): void {
    if (this.wanted > 0) this.bytes.add(bytes.subarray(0, this.wanted));
  }

  /** The rest of the body, of `bodyBytes` in all: what was added may have held the line end that belongs to a boundary. */
  finish(rest: Buffer, bodyBytes: number): void {
    const { part, fields } = this;
    if (part === null || fields === null) return;
    const bytes = this.bytes.take(rest.subarray(0, this.wanted)).subarray(0, bodyBytes);
    const text = previewOf(fields, bytes);
    if (text !== '') {
      this.text = text;
      this.replaceable = fields.subtype === 'html' && part.parent?.fields?.subtype === 'alternative' ? part : null;
    }
    this.part = null;
    this.fields = null;
  }
}
