import { type BodyPart, decodeHeaderField, parseHeaderFields, searchableText } from '#protocol/message';

/** A message opened for reading by a search; each part is read when first asked for. */
export interface MessageText {
  /** Decoded values of the top header's fields of that name, in order. */
  header(field: string): Promise<readonly string[]>;
  /** Decoded values of all fields of the top header. */
  headers(): Promise<readonly string[]>;
  /** Words of the body, piece by piece, as `searchableText` finds them. */
  body(): Promise<Iterable<string>>;
}

/** `read` gives bytes [start, end) of the message as stored. */
export function messageText(body: BodyPart, read: (start: number, end: number) => Promise<Buffer>): MessageText {
  let header: Promise<Buffer> | undefined;
  let whole: Promise<Buffer> | undefined;
  const values = async (wanted: (name: string) => boolean): Promise<readonly string[]> => {
    header ??= read(body.headerStart, body.bodyStart);
    const bytes = await header;
    return parseHeaderFields(bytes)
      .filter(({ name }) => wanted(name.toLowerCase()))
      .map(({ valueStart, end }) => decodeHeaderField(bytes.subarray(valueStart, end)));
  };
  return {
    header: (field) => values((name) => name === field.toLowerCase()),
    headers: () => values(() => true),
    async body() {
      whole ??= read(0, body.end);
      return searchableText(await whole, body);
    },
  };
}
