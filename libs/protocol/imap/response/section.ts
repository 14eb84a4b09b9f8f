import type { FetchItem, Section } from '../parse/fetch.ts';
import { formatAString } from './strings.ts';

/** The name a FETCH answer gives a section: as asked, with the partial's start but not its length. RFC 9051 §7.5.2. */
export function formatSectionName(item: Extract<FetchItem, { kind: 'section' }>): string {
  if (item.label !== 'BODY') return item.label;
  return `BODY[${formatSection(item.section)}]${item.partial ? `<${item.partial.start}>` : ''}`;
}

/** `BINARY[1.2]<0>` and `BINARY.SIZE[1.2]`. RFC 9051 §7.5.2. */
export function formatBinaryName(item: Extract<FetchItem, { kind: 'binary' | 'binarySize' }>): string {
  const part = item.part.join('.');
  if (item.kind === 'binarySize') return `BINARY.SIZE[${part}]`;
  return `BINARY[${part}]${item.partial ? `<${item.partial.start}>` : ''}`;
}

export function formatSection(section: Section): string {
  const part = section.part.join('.');
  if (section.text === null) return part;
  const fields = section.fields.length > 0 ? ` (${section.fields.map(formatAString).join(' ')})` : '';
  return `${part}${part === '' ? '' : '.'}${section.text}${fields}`;
}
