/** How a store's text index keeps up, since it was opened. */
export interface TextIndexFigures {
  indexedMessages: number;
  /** Searches that found more not indexed yet than they would wait for, and read those messages themselves. */
  searchesBehind: number;
}

export const NO_TEXT_INDEX: TextIndexFigures = { indexedMessages: 0, searchesBehind: 0 };
