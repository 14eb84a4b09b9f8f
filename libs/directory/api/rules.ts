import { isDotString, normaliseDomain, parseAddress } from './address.ts';
import type { ApiKeyScope } from './model.ts';
import { PASSWORD_CHARACTERS_MIN, PASSWORD_OCTETS_MAX } from './password.ts';
import type { DirectoryError } from './registry.ts';

/** What the directory takes, as far as it can be told without looking anything up. Each rule gives the refusal, or `undefined`. */
export type Rule = DirectoryError | undefined;

export const ALIAS_TARGETS_MAX = 1_000;
export const API_KEYS_PER_PARTNER_MAX = 100;
export const ACCOUNT_TOKENS_MAX = 50;
/** From a minute, for a test of it, to a year. */
const TOKEN_LIFETIME_MS = { min: 60_000, max: 366 * 86_400_000 };
export const NAME_CHARACTERS_MAX = 200;

const invalid = (field: string, reason: string): Rule => ({ code: 'invalid', field, reason });

/** The first refusal of several rules. */
export function firstOf(...rules: readonly Rule[]): Rule {
  return rules.find((rule) => rule !== undefined);
}

/** Applies a rule only to what was given. */
export function given<T>(value: T | undefined, rule: (value: T) => Rule): Rule {
  return value === undefined ? undefined : rule(value);
}

/** RFC 1035 label, so that it may become a host name: lower case letters, digits and inner hyphens, 1 … 63. */
export function checkSlug(field: string, slug: string): Rule {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(slug)) return undefined;
  return invalid(field, 'lower case letters, digits and inner hyphens, 1 to 63 characters');
}

export function checkName(field: string, name: string): Rule {
  if (name.trim() === '') return invalid(field, 'must not be empty');
  if ([...name].length > NAME_CHARACTERS_MAX) return invalid(field, `at most ${NAME_CHARACTERS_MAX} characters`);
  return /\p{Cc}/u.test(name) ? invalid(field, 'must not hold control characters') : undefined;
}

export function checkCurrency(currency: string): Rule {
  return Intl.supportedValuesOf('currency').includes(currency)
    ? undefined
    : invalid('currency', 'not an ISO 4217 currency code');
}

export function checkTimeZone(timeZone: string): Rule {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    // Offsets such as +02:00 are understood too, but a billing month needs a zone with its history.
    return /^[+-]/.test(timeZone) ? invalid('timeZone', 'not an IANA time zone') : undefined;
  } catch {
    return invalid('timeZone', 'not an IANA time zone');
  }
}

export function checkDomainName(field: string, name: string): Rule {
  return normaliseDomain(name) ? undefined : invalid(field, 'not a domain name');
}

/** An address we may hold: its local part needs no quotes. */
export function checkLocalAddress(field: string, address: string): Rule {
  const parsed = parseAddress(address);
  if (!parsed) return invalid(field, 'not an address: local@domain');
  return isDotString(parsed.local) ? undefined : invalid(field, 'the local part must not need quotes');
}

/** An address anywhere. */
export function checkAddress(field: string, address: string): Rule {
  return parseAddress(address) ? undefined : invalid(field, `not an address: ${JSON.stringify(address.slice(0, 100))}`);
}

/** RFC 5233 leaves the separator to the site; one character that stands in a dot-string and is no letter or digit. */
export function checkSeparator(separator: string): Rule {
  return /^[!#$%&'*+/=?^_`{|}~-]?$/.test(separator)
    ? undefined
    : invalid('detailSeparator', "one of !#$%&'*+/=?^_`{|}~- or nothing");
}

export function checkQuota(quotaBytes: number): Rule {
  return Number.isSafeInteger(quotaBytes) && quotaBytes >= 0
    ? undefined
    : invalid('quotaBytes', 'a whole number of bytes, 0 for no limit');
}

export function checkTokenLifetime(lifetimeMs: number): Rule {
  const { min, max } = TOKEN_LIFETIME_MS;
  return Number.isSafeInteger(lifetimeMs) && lifetimeMs >= min && lifetimeMs <= max
    ? undefined
    : invalid('lifetimeSeconds', 'a whole number from 60 to 31,622,400 (366 days)');
}

export function checkPassword(password: string): Rule {
  if ([...password].length < PASSWORD_CHARACTERS_MIN)
    return invalid('password', `at least ${PASSWORD_CHARACTERS_MIN} characters`);
  if (Buffer.byteLength(password) > PASSWORD_OCTETS_MAX)
    return invalid('password', `at most ${PASSWORD_OCTETS_MAX} octets`);
  // RFC 8265 §4.2.1: OpaqueString disallows controls.
  return /\p{Cc}/u.test(password) ? invalid('password', 'must not hold control characters') : undefined;
}

export function checkTargets(targets: readonly string[]): Rule {
  if (targets.length === 0) return invalid('targets', 'at least one address');
  if (targets.length > ALIAS_TARGETS_MAX) return { code: 'limit', what: `${ALIAS_TARGETS_MAX} targets an alias` };
  return firstOf(...targets.map((target, index) => checkAddress(`targets[${index}]`, target)));
}

/** Keys without a partner are the operator's; only they may hold, and must hold, the scope `operator`. */
export function checkScopes(partnerId: string | null, scopes: readonly ApiKeyScope[]): Rule {
  if (scopes.length === 0) return invalid('scopes', 'at least one');
  if (new Set(scopes).size < scopes.length) return invalid('scopes', 'each once');
  if (scopes.includes('operator') !== (partnerId === null))
    return invalid('scopes', 'operator belongs to keys without a partner, and to all of them');
  return undefined;
}
