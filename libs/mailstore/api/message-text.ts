import { type BodyPart, decodeHeaderField, parseHeaderFields, searchableText } from '#protocol/message';

/** A message opened for reading by a search; each part is read when first asked for. */
export interface MessageText {
  /** Decoded values of the top header's fields of that name, in order. */
  header(field: string): Promise<readonly string[]>;
  /** Names in lower case and decoded values of all fields of the top header, in order. */
  fields(): Promise<readonly { readonly name: string; readonly value: string }[]>;
  /** Words of the body, piece by piece, as `searchableText` finds them. */
  body(): Promise<Iterable<string>>;
}

/** `read` gives bytes [start, end) of the message as stored. */
export function messageText(body: BodyPart, read: (start: number, end: number) => Promise<Buffer>): MessageText {
  let header: Promise<Buffer> | undefined;
  let whole: Promise<Buffer> | undefined;
  const fields = async (wanted: (name: string) => boolean) => {
    header ??= read(body.headerStart, body.bodyStart);
    const bytes = await header;
    return parseHeaderFields(bytes)
      .map(({ name, valueStart, end }) => ({ name: name.toLowerCase(), valueStart, end }))
      .filter(({ name }) => wanted(name))
      .map(({ name, valueStart, end }) => ({ name, value: decodeHeaderField(bytes.subarray(valueStart, end)) }));
  };
  return {
    header: async (field) => (await fields((name) => name === field.toLowerCase())).map(({ value }) => value),
    fields: () => fields(() => true),
    async body() {
      whole ??= read(0, body.end);
      return searchableText(await whole, body);
    },
  };
}
