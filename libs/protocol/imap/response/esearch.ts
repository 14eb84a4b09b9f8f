import { formatString } from './strings.ts';

/** What a search answers beyond its plain numbers; absent parts are left out. RFC 4731 §3.1, RFC 9394 §3.1. */
export interface EsearchResult {
  readonly tag: string;
  readonly uid: boolean;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly count?: number | undefined;
  /** Sequence set; '' when nothing matched, which leaves ALL out. */
  readonly all?: string | undefined;
  readonly partial?: { readonly range: string; readonly set: string } | undefined;
  readonly modSeq?: number | undefined;
}

/** The untagged ESEARCH, without `* ` and CRLF. */
export function formatEsearch(result: EsearchResult): string {
  let out = `ESEARCH (TAG ${formatString(result.tag)})`;
  if (result.uid) out += ' UID';
  if (result.min !== undefined) out += ` MIN ${result.min}`;
  if (result.max !== undefined) out += ` MAX ${result.max}`;
  if (result.count !== undefined) out += ` COUNT ${result.count}`;
  if (result.all) out += ` ALL ${result.all}`;
  if (result.partial) out += ` PARTIAL (${result.partial.range} ${result.partial.set || 'NIL'})`;
  if (result.modSeq !== undefined) out += ` MODSEQ ${result.modSeq}`;
  return out;
}
