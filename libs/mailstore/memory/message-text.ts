import type { MessageText } from '#mailstore/api';
import type { ParsedMessage } from '#protocol/message';

/** What a search reads of a message held in memory. */
export function messageText(bytes: Buffer, { body }: ParsedMessage): MessageText {
  const headers = (): string =>
    bytes
      .subarray(body.headerStart, body.bodyStart)
      .toString()
      .replace(/\r?\n(?=[ \t])/g, '');
  return {
    async header(field) {
      const prefix = `${field.toLowerCase()}:`;
      const lines = headers().split(/\r?\n/);
      return lines
        .filter((line) => line.toLowerCase().startsWith(prefix))
        .map((line) => line.slice(prefix.length).trim());
    },
    headers: async () => headers(),
    body: async () => bytes.subarray(body.bodyStart).toString(),
  };
}
