import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatDate, parseDate } from './date.ts';

describe('parseDate', () => {
  const rows: [text: string, iso: string | null][] = [
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06Z'],
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06Z'],
    ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06Z'],
    [
      'Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)',
      '1969-02-14T03:02:00Z',
    ],
    ['Mon, 1 Jan 2024 00:00 +0530', '2023-12-31T18:30:00Z'],
    ['1 Jan 49 00:00:00 EST', '2049-01-01T05:00:00Z'],
    ['1 Jan 50 00:00:00 Z', '1950-01-01T00:00:00Z'],
    ['1 Jan 104 00:00:00 PDT', '2004-01-01T07:00:00Z'],
    ['Tue, 3 Sept 2019 10:00:00 +02:00', '2019-09-03T08:00:00Z'],
    ['Tue, 03-Sep-2019 10:00:00 UTC', '2019-09-03T10:00:00Z'],
    ['29 Feb 2024 23:59:60 +0000', '2024-03-01T00:00:00Z'],
    ['12 Oct 2010 4:21:05 PM', '2010-10-12T16:21:05Z'],
    ['Fri Nov 21 09:55:06 1997', '1997-11-21T09:55:06Z'],
    ['Fri Nov 21 09:55:06 EST 1997', '1997-11-21T14:55:06Z'],
    ['1997-11-21T09:55:06.123+01:00', '1997-11-21T08:55:06Z'],
    ['1997-11-21', '1997-11-21T00:00:00Z'],
    ['1 Jan 2020', '2020-01-01T00:00:00Z'],
    ['1 Jan 2020 10:00:00 -0000', '2020-01-01T10:00:00Z'],
    ['1 Jan 2020 10:00:00 K', '2020-01-01T10:00:00Z'],
    ['30 Feb 2020 10:00:00 +0000', null],
    ['1 Jan 2020 10:61:00 +0000', null],
    ['1 Foo 2020 10:00:00 +0000', null],
    ['Malformed Date.', null],
    ['', null],
    ['1 '.repeat(100_000), null],
  ];
  for (const [text, iso] of rows) {
    it(JSON.stringify(text.slice(0, 80)), () => assert.equal(parseDate(text), iso === null ? null : Date.parse(iso)));
  }
});

describe('formatDate', () => {
  const at = Date.UTC(1997, 10, 21, 15, 55, 6);
  it('in UTC', () => assert.equal(formatDate(at), 'Fri, 21 Nov 1997 15:55:06 +0000'));
  it('in a zone', () => assert.equal(formatDate(at, -210), 'Fri, 21 Nov 1997 12:25:06 -0330'));
});
