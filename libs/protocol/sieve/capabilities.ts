/** One extension. What a script may `require`, what is announced and docs/sieve.md are made of these rows. */
export interface SieveExtension {
  readonly capability: string;
  readonly rfc: string;
  readonly title: string;
}

const row = <C extends string>(capability: C, rfc: string, title: string): SieveExtension & { capability: C } => ({
  capability,
  rfc,
  title,
});

/** Every extension this interpreter has, complete. */
export const SIEVE_EXTENSIONS = [
  row('fileinto', 'RFC 5228', 'Storing in a mailbox'),
  row('reject', 'RFC 5429', 'Refusing with a reason'),
  row('ereject', 'RFC 5429', 'Refusing while the message is being given'),
  row('envelope', 'RFC 5228', 'Testing the envelope'),
  row('encoded-character', 'RFC 5228', 'Characters by number'),
  row('vacation', 'RFC 5230', 'Answering while away'),
  row('vacation-seconds', 'RFC 6131', 'Vacation periods under a day'),
  row('subaddress', 'RFC 5233', 'User and detail of an address'),
  row('comparator-i;ascii-numeric', 'RFC 4790', 'Comparing numbers'),
  row('comparator-i;unicode-casemap', 'RFC 5051', 'Letters of any script whatever their case'),
  row('relational', 'RFC 5231', 'Counting and ordering'),
  row('regex', 'draft-ietf-sieve-regex', 'Regular expressions, in linear time'),
  row('imap4flags', 'RFC 5232', 'Setting flags'),
  row('copy', 'RFC 3894', 'Copies beside the keep'),
  row('include', 'RFC 6609', 'Scripts in scripts'),
  row('variables', 'RFC 5229', 'Variables'),
  row('body', 'RFC 5173', 'Testing the body'),
  row('enotify', 'RFC 5435', 'Notifications; by mailto, RFC 5436'),
  row('environment', 'RFC 5183', 'Where a script runs'),
  row('mailbox', 'RFC 5490', 'Whether a mailbox exists, and making it'),
  row('mboxmetadata', 'RFC 5490', 'Annotations of mailboxes'),
  row('servermetadata', 'RFC 5490', 'Annotations of the account'),
  row('special-use', 'RFC 8579', 'Mailboxes by what they are for'),
  row('date', 'RFC 5260', 'Dates of the message and of today'),
  row('index', 'RFC 5260', 'One of several fields'),
  row('duplicate', 'RFC 7352', 'Whether a message came before'),
  row('editheader', 'RFC 5293', 'Adding and deleting header fields'),
  row('spamtest', 'RFC 5235', 'How much a message looks like spam'),
  row('spamtestplus', 'RFC 5235', 'The same in percent'),
  row('virustest', 'RFC 5235', 'Whether a message carries a virus'),
] as const;

export type SieveCapability = (typeof SIEVE_EXTENSIONS)[number]['capability'];

const NAMES: ReadonlySet<string> = new Set(SIEVE_EXTENSIONS.map(({ capability }) => capability));

/** RFC 5228 §2.7.3: these comparators are there without asking, and asking does no harm. */
const ALWAYS: ReadonlySet<string> = new Set(['comparator-i;octet', 'comparator-i;ascii-casemap']);

export const isKnownCapability = (name: string): boolean => NAMES.has(name) || ALWAYS.has(name);

/** As ManageSieve's `SIEVE` capability says it (RFC 5804 §1.7). */
export const sieveCapabilities = (): string => SIEVE_EXTENSIONS.map(({ capability }) => capability).join(' ');
