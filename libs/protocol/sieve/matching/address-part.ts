import { splitAddress } from '../addresses.ts';
import type { ArgumentsSpec, TagSpec } from '../arguments.ts';
import type { BoundTest } from '../definition.ts';
import type { Run } from '../run.ts';

const part = (more: Omit<TagSpec, 'group'> = {}): TagSpec => ({ group: 'address part', ...more });

/** RFC 5228 §2.7.4, RFC 5233. */
export const ADDRESS_PART_TAGS: NonNullable<ArgumentsSpec['tags']> = {
  all: part(),
  localpart: part(),
  domain: part(),
  user: part({ requires: 'subaddress' }),
  detail: part({ requires: 'subaddress' }),
};

const PARTS = ['all', 'localpart', 'domain', 'user', 'detail'] as const;

/** The part of an address the tags of `bound` name; `undefined` when it has no such part (RFC 5233 §4). */
export function addressPart(run: Run, { arguments: args }: BoundTest, address: string): string | undefined {
  const wanted = args.oneOf(PARTS) ?? 'all';
  if (wanted === 'all') return address;
  const { localPart, domain } = splitAddress(address);
  if (wanted === 'domain') return domain;
  if (wanted === 'localpart') return localPart;
  const { subaddressSeparator } = run.world;
  const at = subaddressSeparator === '' ? -1 : localPart.indexOf(subaddressSeparator);
  if (wanted === 'user') return at < 0 ? localPart : localPart.slice(0, at);
  return at < 0 ? undefined : localPart.slice(at + subaddressSeparator.length);
}
