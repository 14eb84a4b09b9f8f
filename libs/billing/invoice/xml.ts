type Attributes = Readonly<Record<string, string>>;
type Content = string | readonly string[];

/** An element; text content is escaped, a list is elements already written. */
export function element(name: string, ...rest: [Content] | [Attributes, Content]): string {
  const [attributes, content] = rest.length === 2 ? rest : [{}, rest[0]];
  const inside = typeof content === 'string' ? escapeXml(content) : content.join('');
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${written.join('')}>${inside}</${name}>`;
}

/** XML 1.0 §2.2 and §2.4: markup escaped, characters that may not occur left out. It is right for HTML as well. */
export const escapeXml = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
