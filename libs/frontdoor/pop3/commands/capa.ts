import { capabilities, listing, parseNothing } from '#protocol/pop3';
import type { LoginCommand } from '../login-command.ts';

/** RFC 2449 §5. */
export const capa: LoginCommand = {
  name: 'CAPA',
  run(session, rest) {
    parseNothing(rest);
    const { secure, loginAllowed, mechanisms } = session.client;
    const beforeLogin = { tlsActive: secure, loginAllowed, mechanisms };
    session.answer(listing('Capabilities', capabilities({ beforeLogin })));
  },
};
