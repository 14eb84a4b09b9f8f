import type { RequestContext } from '#stdx';
import { MailStoreError } from './errors.ts';
import type { MailStoreLimits } from './limits.ts';
import type { AccountId, MailboxId } from './model.ts';

/** A named value of an account or of one of its mailboxes (RFC 5464): `/shared/…` for all who may read it, `/private/…` for each. */
export interface Annotation {
  /** Lower case: names are compared without regard to case (RFC 5464 §3.2). */
  readonly entry: string;
  readonly value: Buffer;
}

/** `null` removes the entry. */
export interface AnnotationChange {
  readonly entry: string;
  readonly value: Uint8Array | null;
}

/** Annotations of an account (`mailboxId` null) and of its mailboxes. Private entries are those of whoever acts. */
export interface AccountAnnotations {
  /** By name. */
  list(context: RequestContext, accountId: AccountId, mailboxId: MailboxId | null): Promise<readonly Annotation[]>;
  /** All of the changes or none. Rejects `annotationInvalid`, `annotationTooLarge`, `limitExceeded`. */
  set(
    context: RequestContext,
    accountId: AccountId,
    mailboxId: MailboxId | null,
    changes: readonly AnnotationChange[],
  ): Promise<void>;
}

// RFC 5464 §3.2: components of ASCII without controls, `*` and `%`; none empty.
const ENTRY = /^\/(?:shared|private)(?:\/[\x21-\x24\x26-\x29\x2b-\x2e\x30-\x7e]+)+$/;
const ENTRY_CHARACTERS_MAX = 255;

/** The stored form of changes: names in lower case. Throws `annotationInvalid`, `annotationTooLarge`. */
export function canonicalAnnotations(
  changes: readonly AnnotationChange[],
  limits: MailStoreLimits,
): readonly AnnotationChange[] {
  return changes.map(({ entry, value }) => {
    const canonical = entry.toLowerCase();
    if (!ENTRY.test(canonical) || canonical.length > ENTRY_CHARACTERS_MAX)
      throw new MailStoreError('annotationInvalid', entry);
    if ((value?.length ?? 0) > limits.annotationBytesMax) throw new MailStoreError('annotationTooLarge', entry);
    return { entry: canonical, value };
  });
}

/** RFC 5464 §3.3: shared entries are written with `w`, private ones by whoever may read. */
export const rightsToAnnotate = (changes: readonly AnnotationChange[]): string =>
  changes.every(({ entry }) => isPrivateEntry(entry)) ? 'r' : 'rw';

const isPrivateEntry = (entry: string): boolean => entry.startsWith('/private/');

/** Whose an entry is, as it is kept: '' for shared ones. */
export const entryOwner = (entry: string, context: RequestContext, accountId: AccountId): string =>
  isPrivateEntry(entry) ? (context.accountId ?? accountId) : '';
