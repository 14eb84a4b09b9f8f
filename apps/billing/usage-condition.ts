import type { Condition } from '#alerting';
import type { FindingKind, StandingFindings } from '#metering';

const KINDS: Readonly<Record<FindingKind, Condition['kind']>> = {
  silent: 'usageSilent',
  bucket: 'usageDiffers',
  interval: 'usageDiffers',
  role: 'usageDiffers',
  gone: 'usageDiffers',
  mailbox: 'usageDiffers',
  lifetime: 'usageDiffers',
  store: 'usageDiffers',
  books: 'booksBroken',
};

/** What was found in a partner's usage, as operators are told of it. */
export function usageCondition({ partner, kind, meter, count, detail }: StandingFindings): Condition {
  const more = count > 1 ? ` And ${count - 1} more; see rookery usage findings.` : '';
  return {
    kind: KINDS[kind],
    subject: [partner, meter, kind].filter(Boolean).join(' '),
    detail: `${partner}: ${detail}${more}`,
  };
}
