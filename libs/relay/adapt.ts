import { isAscii, type SmtpReply, smtpReply } from '#protocol/smtp';
import type { Parameters, RelayMessage } from './message.ts';

/** Parameters a server is told only when it offers their extension. */
const DSN_PARAMETERS = new Set(['RET', 'ENVID', 'NOTIFY', 'ORCPT']);

export type Adaptation =
  | {
      readonly ok: true;
      readonly message: RelayMessage;
      /** The server takes DSN's parameters, and with them the duty to report. */
      readonly dsn: boolean;
    }
  | { readonly ok: false; readonly reply: SmtpReply };

/**
 * The message as this server can take it, or why it cannot. SIZE is added; DSN's parameters go where DSN is offered
 * (RFC 3461 §5.2.2); SMTPUTF8 is dropped where nothing in the message needs it, and is otherwise a reason to refuse
 * (RFC 6531 §3.2). A body of eight bits goes out as it is even where 8BITMIME is missing: RFC 6152 §3 would have us
 * encode or return it, but encoding breaks every signature, and servers that clip the eighth bit are gone.
 */
export function adaptToServer(
  message: RelayMessage,
  capabilities: ReadonlyMap<string, string>,
  headerIsAscii: boolean,
): Adaptation {
  const sizeLimit = Number(capabilities.get('SIZE') || 0);
  const size = message.body instanceof Uint8Array ? message.body.length : message.sizeHint;
  if (size !== undefined && sizeLimit > 0 && size > sizeLimit)
    return { ok: false, reply: smtpReply(552, '5.3.4', `Message of ${size} bytes exceeds the server's ${sizeLimit}`) };

  const addresses = [message.reversePath, ...message.recipients.map(({ forwardPath }) => forwardPath)];
  const needsSmtputf8 = !addresses.every(isAscii) || (message.parameters?.has('SMTPUTF8') === true && !headerIsAscii);
  if (needsSmtputf8 && !capabilities.has('SMTPUTF8'))
    return { ok: false, reply: smtpReply(550, '5.6.7', 'The message needs SMTPUTF8, which the server does not offer') };

  const dsn = capabilities.has('DSN');
  const drops = (keyword: string): boolean =>
    keyword === 'SMTPUTF8' ||
    (keyword === 'BODY' && !capabilities.has('8BITMIME')) ||
    (DSN_PARAMETERS.has(keyword) && !dsn);
  const parameters = without(message.parameters, drops);
  if (needsSmtputf8) parameters.set('SMTPUTF8', null);
  if (size !== undefined && capabilities.has('SIZE')) parameters.set('SIZE', String(size));
  return {
    ok: true,
    dsn,
    message: {
      ...message,
      parameters,
      recipients: message.recipients.map((recipient) => ({
        forwardPath: recipient.forwardPath,
        parameters: without(recipient.parameters, drops),
      })),
    },
  };
}

const without = (parameters: Parameters | undefined, drops: (keyword: string) => boolean): Map<string, string | null> =>
  new Map([...(parameters ?? [])].filter(([keyword]) => !drops(keyword)));
