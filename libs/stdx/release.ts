/** Whole numbers from `oldest` to `newest`, both included. */
export interface Span {
  readonly oldest: number;
  readonly newest: number;
}

/** What one build of the product is, and what it understands. Members of a cluster tell each other. */
export interface Release {
  /** Of the product, as people call it. */
  readonly version: string;
  /**
   * Of what hubs, nodes and the control plane say to each other over control and data connections. Each connection speaks the
   * newest that both ends know. A release knows its own and the one before, so that neighbours work side by side.
   */
  readonly protocol: Span;
  /**
   * Feature levels of a cluster that it can work in. Whatever outlasts a process and an older release could not read, such as
   * a new step of the volumes' index, waits for the next level, which a cluster reaches once all members know it.
   */
  readonly features: Span;
}

/** This build. docs/upgrade.md says when which number grows. */
export const RELEASE: Release = Object.freeze({
  version: '0.1.0',
  // 1 and 2 were spoken before releases told each other what they know, 3 before sessions were channels of a carrier.
  protocol: { oldest: 4, newest: 4 },
  features: { oldest: 1, newest: 1 },
});

/** The newest both know; `undefined` when they have none in common. */
export function common(a: Span, b: Span): number | undefined {
  const newest = Math.min(a.newest, b.newest);
  return newest >= Math.max(a.oldest, b.oldest) ? newest : undefined;
}

export const within = (value: number, { oldest, newest }: Span): boolean => value >= oldest && value <= newest;

/** `3`, or `3–4`. */
export const spanText = ({ oldest, newest }: Span): string => (oldest === newest ? `${newest}` : `${oldest}–${newest}`);

/** Nothing but the release of somebody who also is one. */
export const releaseOf = ({ version, protocol, features }: Release): Release => ({ version, protocol, features });

export const sameRelease = (a: Release, b: Release): boolean =>
  a.version === b.version && sameSpan(a.protocol, b.protocol) && sameSpan(a.features, b.features);

const sameSpan = (a: Span, b: Span): boolean => a.oldest === b.oldest && a.newest === b.newest;
