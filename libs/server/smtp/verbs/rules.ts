import type { ParameterRules } from '#protocol/smtp';
import type { VerbSession } from '../verb.ts';

/** Which parameters MAIL and RCPT may carry here: those of the extensions EHLO offered, so none after HELO. */
export const parameterRules = (session: VerbSession): ParameterRules => ({
  smtputf8: session.peer.extended,
  dsn: session.settings.dsn && session.peer.extended,
  auth: session.settings.auth,
  inner: session.settings.innerParameters,
});
