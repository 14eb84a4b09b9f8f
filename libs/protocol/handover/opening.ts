export type SessionKind = 'imap' | 'pop3' | 'managesieve';
const KINDS: readonly string[] = ['imap', 'pop3', 'managesieve'] satisfies SessionKind[];

/** What a hub hands over with a signed-in session. */
export interface SessionHandover {
  readonly accountId: string;
  readonly email: string;
  readonly partnerId: string;
  readonly quotaBytes: number;
  readonly volumeId: string;
  readonly epoch: number;
  readonly clientAddress: string;
  readonly tls: boolean;
  /** Tag of the LOGIN or AUTHENTICATE to be answered by the node (IMAP). */
  readonly tag?: string;
  /**
   * base64url of the state in the last MARK of a leg that was lost: go on from there and send nothing for it, neither
   * greeting nor tagged response, until there is news or a command. Absent for a session that begins.
   */
  readonly mark?: string;
  readonly sessionId: string;
}

/** Payload of an OPEN frame: the carrier it comes on has been proved by its preface. */
export interface SessionOpening extends SessionHandover {
  readonly kind: SessionKind;
}

export const encodeOpening = (opening: SessionOpening): Buffer => Buffer.from(JSON.stringify(opening));

/** Throws `RangeError` for a payload that is no opening: the carrier is then broken. */
export function decodeOpening(payload: Buffer): SessionOpening {
  const value = readObject(payload);
  const texts = ['accountId', 'email', 'partnerId', 'volumeId', 'clientAddress', 'sessionId'];
  const numbers = ['quotaBytes', 'epoch'];
  const isWhole =
    value !== undefined &&
    KINDS.includes(value['kind'] as string) &&
    texts.every((name) => typeof value[name] === 'string') &&
    numbers.every((name) => Number.isSafeInteger(value[name])) &&
    typeof value['tls'] === 'boolean' &&
    ['tag', 'mark'].every((name) => value[name] === undefined || typeof value[name] === 'string');
  if (!isWhole) throw new RangeError('not the opening of a session');
  return value as unknown as SessionOpening;
}

function readObject(payload: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
