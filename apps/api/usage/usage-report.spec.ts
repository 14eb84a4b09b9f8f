import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { billingPeriod } from '#billing/rating';
import type { UsageFacts } from '#metering';
import { usageLines } from './usage-report.ts';

const at = (iso: string): number => Date.parse(iso);
const march = billingPeriod('2026-03', 'Europe/Berlin');
const nothing: UsageFacts = { intervals: [], samples: [], counts: [] };
const life = (meter: string, subject: string, from: string, to: string | null) => ({
  meter,
  subject,
  label: null,
  from: at(from),
  to: to === null ? null : at(to),
});

describe('usage of a month', () => {
  it('is nothing when nothing was used', () => assert.deepEqual(usageLines(nothing, march, march.to), []));

  it('counts hours as they were, the shorter March of Berlin included', () => {
    const facts = { ...nothing, intervals: [life('hub', 'h', '2026-01-01T00:00Z', null)] };
    assert.deepEqual(usageLines(facts, march, march.to), [
      { meter: 'hub', unit: 'hours', quantity: '743', subjects: 1 },
    ]);
    const running = usageLines(facts, march, march.from + 90 * 60_000);
    assert.equal(running[0]?.quantity, '1.5');
  });

  it('says how many mailboxes there were at most, deletions before creations', () => {
    const noon = '2026-03-10T12:00Z';
    const intervals = [
      life('mailbox', 'a', '2026-03-01T00:00Z', noon),
      life('mailbox', 'b', '2026-03-02T00:00Z', noon),
      life('mailbox', 'c', noon, null),
      life('mailbox', 'd', noon, null),
    ];
    const [line] = usageLines({ ...nothing, intervals }, march, march.to);
    assert.deepEqual(line, { meter: 'mailbox', unit: 'mailboxes', quantity: '2', subjects: 4 });
  });

  it('adds up messages, and bytes for as long as they lay', () => {
    const counts = [
      { meter: 'messages-in', subject: 'a', at: march.from, quantity: '3' },
      { meter: 'messages-in', subject: 'b', at: march.from, quantity: '4' },
    ];
    const samples = [
      { meter: 'storage-bytes', subject: 'v', at: march.from - 3_600_000, value: '5000000000' },
      { meter: 'storage-bytes', subject: 'v', at: march.from + 3_600_000, value: '1000000000' },
    ];
    const lines = usageLines({ ...nothing, counts, samples }, march, march.from + 3 * 3_600_000);
    assert.deepEqual(
      lines.map(({ meter, quantity, subjects }) => [meter, quantity, subjects]),
      [
        ['messages-in', '7', 2],
        ['storage-bytes', '7', 1],
      ],
    );
  });
});
