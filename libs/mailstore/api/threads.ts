import { type Envelope, messageIds } from '#protocol/message';
import type { MailStoreLimits } from './limits.ts';

/**
 * Message ids that tie a message to its thread (RFC 5322 §3.6.4), without angle brackets, each once: its own first, then
 * In-Reply-To, then References from the newest. Two messages that share one of these are of one thread.
 */
export function threadKeys(envelope: Envelope, limits: MailStoreLimits): readonly string[] {
  const keys = new Set<string>();
  for (const text of [envelope.messageId, envelope.inReplyTo]) for (const id of messageIds(text ?? '')) keys.add(id);
  for (let i = envelope.references.length - 1; i >= 0; i--) keys.add(envelope.references[i]!);
  return keys.size > limits.threadReferencesMax ? [...keys].slice(0, limits.threadReferencesMax) : [...keys];
}
