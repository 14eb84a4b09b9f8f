import { type LoginCommand, stringsOf } from '../login-command.ts';

/** RFC 5804 §2.13: also before a sign-in. */
export const noop: LoginCommand = {
  name: 'NOOP',
  run(session, args) {
    const [tag] = stringsOf(args, 0, 1) ?? [];
    session.answer('OK', 'Done', ...(tag === undefined ? [] : ([{ tag }] as const)));
  },
};
