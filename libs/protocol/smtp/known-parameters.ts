import { parseNotify, parseOriginalRecipient, parseXtext } from './dsn-parameters.ts';
import { refuse } from './reply.ts';

/** Which extensions a session has on; a parameter of one that is off is unknown (RFC 5321 §4.1.1.11: 555). */
export interface ParameterRules {
  readonly smtputf8: boolean;
  readonly dsn: boolean;
  readonly auth: boolean;
  /** ORIGIN and ROUTE of the leg from hub to node. */
  readonly inner: boolean;
}

type Check = (value: string | null) => boolean;
interface Rule {
  readonly when: (rules: ParameterRules) => boolean;
  readonly check: Check;
}

const always = (): boolean => true;
const present: Check = (value) => value !== null;

const MAIL: Readonly<Record<string, Rule>> = {
  // RFC 1870 §4: up to 20 digits.
  SIZE: { when: always, check: (value) => value !== null && /^\d{1,20}$/.test(value) },
  // RFC 6152 §2. BINARYMIME (RFC 3030) is not offered.
  BODY: { when: always, check: (value) => value !== null && /^(7BIT|8BITMIME)$/i.test(value) },
  // RFC 6531 §3.4: no value.
  SMTPUTF8: { when: (rules) => rules.smtputf8, check: (value) => value === null },
  // RFC 3461 §4.3, §4.4.
  RET: { when: (rules) => rules.dsn, check: (value) => value !== null && /^(FULL|HDRS)$/i.test(value) },
  ENVID: {
    when: (rules) => rules.dsn,
    check: (value) => value !== null && value.length <= 100 && parseXtext(value) !== null,
  },
  // RFC 4954 §5: an xtext mailbox, or <>.
  AUTH: {
    when: (rules) => rules.auth,
    check: (value) => value === '<>' || (value !== null && parseXtext(value) !== null),
  },
  ORIGIN: { when: (rules) => rules.inner, check: present },
};

const RCPT: Readonly<Record<string, Rule>> = {
  // RFC 3461 §4.1, §4.2.
  NOTIFY: { when: (rules) => rules.dsn, check: (value) => value !== null && parseNotify(value) !== null },
  ORCPT: {
    when: (rules) => rules.dsn,
    check: (value) => value !== null && value.length <= 500 && parseOriginalRecipient(value) !== null,
  },
  ROUTE: { when: (rules) => rules.inner, check: present },
  INNER: { when: (rules) => rules.inner, check: (value) => value === null },
};

function checkAll(
  table: Readonly<Record<string, Rule>>,
  parameters: ReadonlyMap<string, string | null>,
  rules: ParameterRules,
): void {
  for (const [keyword, value] of parameters) {
    const rule = Object.hasOwn(table, keyword) ? table[keyword] : undefined;
    if (!rule?.when(rules)) refuse(555, '5.5.4', `Parameter ${keyword} not recognized`);
    if (!rule.check(value)) refuse(501, '5.5.4', `Bad value of ${keyword}`);
  }
}

/** Throws `SmtpRefusal` for a MAIL parameter that is unknown or malformed. */
export const checkMailParameters = (parameters: ReadonlyMap<string, string | null>, rules: ParameterRules): void =>
  checkAll(MAIL, parameters, rules);

/** The same for RCPT. */
export const checkRcptParameters = (parameters: ReadonlyMap<string, string | null>, rules: ParameterRules): void =>
  checkAll(RCPT, parameters, rules);
