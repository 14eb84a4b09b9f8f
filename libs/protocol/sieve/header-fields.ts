import { decodeHeaderField, encodeHeaderText, headerField, parseHeaderFields } from '#protocol/message';

interface Field {
  /** Lower case. */
  readonly name: string;
  /** As sent, line end included. */
  readonly raw: Buffer;
  readonly valueStart: number;
}

/** A message's header, which a script may edit (RFC 5293). Nothing is copied before it does. */
export class HeaderFields {
  private readonly fields: Field[];
  private readonly decoded = new Map<string, readonly string[]>();
  private edited: Buffer | null = null;
  private isEdited = false;

  /** `block` is the header block, or a message that begins with it. */
  constructor(block: Buffer) {
    this.fields = parseHeaderFields(block).map(({ name, start, valueStart, end }) => ({
      ...{ name: name.toLowerCase(), raw: block.subarray(start, end), valueStart: valueStart - start },
    }));
  }

  /** Values as people read them, in order. */
  values(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    const known = this.decoded.get(wanted);
    if (known) return known;
    const values = this.named(name).map(decodedValue);
    this.decoded.set(wanted, values);
    return values;
  }

  /** Values as sent, as Latin-1, folding included. */
  rawValues(name: string): readonly string[] {
    return this.named(name).map(({ raw, valueStart }) => raw.toString('latin1', valueStart));
  }

  has(name: string): boolean {
    const wanted = name.toLowerCase();
    return this.fields.some((field) => field.name === wanted);
  }

  add(name: string, value: string, isLast: boolean): void {
    const raw = Buffer.from(headerField(name, encodeHeaderText(value)));
    const field = { name: name.toLowerCase(), raw, valueStart: name.length + 1 };
    // RFC 5321 §4.4: Return-Path is the first field of a stored message, and stays it.
    const top = this.fields[0]?.name === 'return-path' ? 1 : 0;
    this.fields.splice(isLast ? this.fields.length : top, 0, field);
    this.change();
  }

  /** Deletes fields of that name by their places among them, from 0. */
  remove(name: string, places: ReadonlySet<number>): void {
    if (places.size === 0) return;
    const gone = new Set(this.named(name).filter((_, index) => places.has(index)));
    const kept = this.fields.filter((field) => !gone.has(field));
    this.fields.splice(0, this.fields.length, ...kept);
    this.change();
  }

  /** The block as edited, blank line included, the same `Buffer` until the next edit; `null` when it never was. */
  block(): Buffer | null {
    if (!this.isEdited) return null;
    this.edited ??= Buffer.concat([...this.fields.map(({ raw }) => withLineEnd(raw)), Buffer.from('\r\n')]);
    return this.edited;
  }

  get bytes(): number {
    return this.fields.reduce((sum, { raw }) => sum + raw.length, 0);
  }

  private named(name: string): Field[] {
    const wanted = name.toLowerCase();
    return this.fields.filter((field) => field.name === wanted);
  }

  private change(): void {
    this.isEdited = true;
    this.edited = null;
    this.decoded.clear();
  }
}

const decodedValue = ({ raw, valueStart }: Field): string => decodeHeaderField(raw.subarray(valueStart));

/** The last field of a message that ends within its header may lack one. */
const withLineEnd = (raw: Buffer): Buffer =>
  raw[raw.length - 1] === 0x0a ? raw : Buffer.concat([raw, Buffer.from('\r\n')]);
