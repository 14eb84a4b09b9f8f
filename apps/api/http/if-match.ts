import { RefusalError } from './refusal.ts';

/**
 * RFC 9110 §13.1.1. `*` is any version; one strong entity tag of ours is its number. A tag that is none of ours is no
 * version there is: 412.
 */
export function readIfMatch(header: string | undefined, required: boolean): number | undefined {
  if (header === undefined) {
    if (required) throw new RefusalError({ code: 'if_match_required' });
    return undefined;
  }
  if (header.trim() === '*') return undefined;
  const version = /^\s*"(\d{1,9})"\s*$/.exec(header)?.[1];
  if (version === undefined) throw new RefusalError({ code: 'version_mismatch' });
  return Number(version);
}

export const etagOf = (version: number): string => `"${version}"`;
