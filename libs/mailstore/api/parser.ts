import type { ParsedMessage } from '#protocol/message';

/** Reads one message as it streams by. `#protocol/message`'s `messageParser` is one. Never throws on bad mail: it says `truncated`. */
export interface MessageParser {
  push(chunk: Uint8Array): void;
  /** Call once, after the last `push`. */
  end(): ParsedMessage;
}

export type MessageParserFactory = () => MessageParser;
