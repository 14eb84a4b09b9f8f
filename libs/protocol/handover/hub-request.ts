/**
 * Payload of a REQUEST frame (node → hub): the hub is to do what a command asks, which only the holder of the client's
 * connection can, and to answer it in the node's place. `compress`: both directions from the answer on (RFC 4978).
 * `unauthenticate`: the session is over and the connection is as before its sign-in (RFC 8437).
 */
export interface HubRequest {
  readonly kind: 'compress' | 'unauthenticate';
  readonly tag: string;
  /** Units of this leg answered once the hub has answered this one, as a MARK counts them. */
  readonly answered: number;
}

export function encodeHubRequest({ kind, tag, answered }: HubRequest): Buffer {
  return Buffer.from(JSON.stringify([kind, tag, answered]));
}

/** Throws `RangeError` for a payload that is no request: the leg is then broken. */
export function decodeHubRequest(payload: Buffer): HubRequest {
  const value = readJson(payload);
  const [kind, tag, answered] = Array.isArray(value) ? (value as unknown[]) : [];
  if ((kind !== 'compress' && kind !== 'unauthenticate') || typeof tag !== 'string' || typeof answered !== 'number')
    throw new RangeError('not a request to a hub');
  return { kind, tag, answered };
}

function readJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}
