/** Just enough MIME writing for the demo's messages; the product's own writer for bounces lives in #protocol/message. */

export interface DemoPart {
  readonly type: string;
  readonly body: string | Buffer;
  readonly filename?: string;
  readonly contentId?: string;
}

export function textPart(text: string): string {
  return entity({ type: 'text/plain; charset=utf-8', body: text });
}

export function htmlPart(html: string): string {
  return entity({ type: 'text/html; charset=utf-8', body: html });
}

/** Header block, blank line, base64 body. */
export function entity({ type, body, filename, contentId }: DemoPart): string {
  const encoded = Buffer.from(body).toString('base64').replace(/.{76}/g, '$&\r\n');
  const headers = [
    `Content-Type: ${type}${filename ? `; ${parameter('name', filename)}` : ''}`,
    'Content-Transfer-Encoding: base64',
  ];
  if (filename) headers.push(`Content-Disposition: attachment; ${parameter('filename', filename)}`);
  if (contentId) headers.push(`Content-ID: <${contentId}>`, 'Content-Disposition: inline');
  return `${headers.join('\r\n')}\r\n\r\n${encoded}\r\n`;
}

export function multipart(subtype: string, boundary: string, parts: readonly string[]): string {
  const body = parts.map((part) => `--${boundary}\r\n${part}`).join('\r\n');
  return `Content-Type: multipart/${subtype}; boundary="${boundary}"\r\n\r\n${body}\r\n--${boundary}--\r\n`;
}

/** RFC 2047 encoded words where the text asks for them, at most 45 bytes of text each. */
export function headerText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  const words: string[] = [];
  let current = '';
  for (const character of text) {
    if (Buffer.byteLength(current + character) > 45) {
      words.push(current);
      current = '';
    }
    current += character;
  }
  words.push(current);
  return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}

/** RFC 2231 where the name is not ASCII. */
function parameter(name: string, value: string): string {
  return /^[\x20-\x7e]*$/.test(value) ? `${name}="${value}"` : `${name}*=utf-8''${encodeURIComponent(value)}`;
}
