import type { SmtpMode } from '../settings.ts';
import type { SmtpVerb } from '../verb.ts';
import { auth } from './auth.ts';
import { bdat } from './bdat.ts';
import { data } from './data.ts';
import { ehlo } from './ehlo.ts';
import { expn } from './expn.ts';
import { helo } from './helo.ts';
import { help } from './help.ts';
import { lhlo } from './lhlo.ts';
import { mail } from './mail.ts';
import { noop } from './noop.ts';
import { quit } from './quit.ts';
import { rcpt } from './rcpt.ts';
import { rset } from './rset.ts';
import { starttls } from './starttls.ts';
import { vrfy } from './vrfy.ts';

const VERBS = [helo, ehlo, lhlo, mail, rcpt, data, bdat, rset, noop, vrfy, expn, quit, starttls, auth];
const TABLE = [...VERBS, help(VERBS)];

const tableOf = (mode: SmtpMode): ReadonlyMap<string, SmtpVerb> =>
  new Map(TABLE.filter((verb) => verb.modes.includes(mode)).map((verb) => [verb.name, verb]));

const TABLES: Readonly<Record<SmtpMode, ReadonlyMap<string, SmtpVerb>>> = {
  smtp: tableOf('smtp'),
  submission: tableOf('submission'),
  lmtp: tableOf('lmtp'),
};

/** Verbs of a mode, by name in upper case. */
export const verbsOf = (mode: SmtpMode): ReadonlyMap<string, SmtpVerb> => TABLES[mode];
