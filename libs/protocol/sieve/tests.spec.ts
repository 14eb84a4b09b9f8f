// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scripts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { does, type Setting } from './kit.test.ts';

const ALL = [
  ...[
    'envelope',
    'encoded-character',
    'subaddress',
    'relational',
    'regex',
    'imap4flags',
    'variables',
    'body',
    'enotify',
  ],
  ...['environment', 'mailbox', 'special-use', 'date', 'index', 'spamtest', 'spamtestplus', 'virustest', 'fileinto'],
  ...['mboxmetadata', 'servermetadata'],
  ...['comparator-i;ascii-numeric', 'comparator-i;unicode-casemap'],
];

const YES: readonly (string | readonly [string, Setting])[] = [
  'header :is "subject" "grüße from the *TEAM*"'.replace('grüße', 'Grüße'),
  'header :comparator "i;unicode-casemap" :is "subject" "GRÜßE FROM THE *team*"',
  'header :contains "Subject" "FROM THE"',
  'header :contains "x-num" ""',
  'header :matches "Subject" "*from*"',
  'header :matches "Subject" "*\\\\*team\\\\*"',
  'header :matches "Subject" "Gr??e *"',
  'header :matches :comparator "i;unicode-casemap" "Subject" "GRÜ?E *"',
  'not header :comparator "i;octet" "subject" "grüße from the *team*"',
  'not header :matches "Subject" "from"',
  'header :regex "Subject" "^Gr(ü|u)[^ ]+e [a-z]+ the \\\\*(team|crew)\\\\*$"',
  'header :regex :comparator "i;octet" "message-id" "<m[[:digit:]]{1,3}@"',
  'not header :regex "Subject" "^from"',
  'header ["nope", "x-num"] ["12", "x"]',
  'header :index 2 "x-num" "7"',
  'header :index 1 :last "x-num" "7"',
  'not header :index 3 "x-num" ["7", "12"]',
  'header :count "eq" :comparator "i;ascii-numeric" "x-num" "2"',
  'header :value "gt" :comparator "i;ascii-numeric" "x-num" "11"',
  'not header :value "gt" :comparator "i;ascii-numeric" "x-num" "12"',
  'header :value "lt" :comparator "i;ascii-numeric" "x-num" "abc"',
  'address "from" "ANN+WORK@sender.example"',
  'address :localpart "from" "ann+work"',
  'address :user "from" "ann"',
  'address :detail "from" "work"',
  'address :domain ["to", "cc"] "other.example"',
  'address :all :contains "to" "friends@"',
  'not address :detail "cc" ""',
  'address :count "ge" :comparator "i;ascii-numeric" ["to", "cc"] "3"',
  'envelope "from" "ann@sender.example"',
  'envelope :detail "to" "lists"',
  ['envelope :all "from" ""', { from: '' }],
  'exists ["from", "DATE"]',
  'not exists ["from", "x-none"]',
  'size :over 100',
  'not size :over 1M',
  'size :under 1K',
  'allof (true, not false)',
  'anyof (false, true)',
  'not allof (true, false)',
  'not anyof (false, false)',
  'body :contains "wörld, the SECRET"',
  'body :text :contains "Click here"',
  'body :raw :contains "W=C3=B6rld"',
  'not body :raw :contains "Wörld"',
  'body :content "text/html" :contains "<b>here</b>"',
  'body :content "text" :contains "<p>"',
  'body :content "multipart" :contains "prologue"',
  'body :content "multipart" :contains "epilogue"',
  'not body :content "image" :contains ""',
  'body :regex "secret is [0-9]+"',
  'string :is "${unset}" ""',
  'string :count "eq" :comparator "i;ascii-numeric" ["a", "", "b"] "2"',
  'allof (header :matches "subject" "*from*", string "${1}|${2}" "Grüße | the *team*")',
  'allof (header :matches "message-id" "<??@*", string "${0}/${1}${2}/${3}" "<m1@sender.example>/m1/sender.example>")',
  'allof (header :regex "message-id" "<(m.)@(.*)\\\\.(.*)>", string "${1} ${2} ${3} ${4}" "m1 sender example ")',
  'allof (header :regex "subject" "(x)?team(y)?", string "[${1}${2}]" "[]")',
  'string "${hex: 40}${unicode:20AC 41}" "@€A"',
  'string "${hex:zz}" "${hex:zz}"',
  'date "date" "year" "2026"',
  'date :originalzone "date" "hour" "09"',
  'date :zone "+0000" "date" "time" "16:59:58"',
  'date :zone "+0500" "date" "iso8601" "2026-11-05T21:59:58+05:00"',
  'date :originalzone "received" "zone" "+0100"',
  'date :originalzone "date" "std11" "Thu, 5 Nov 2026 09:59:58 -0700"',
  'date "date" "weekday" "4"',
  'date "date" "julian" "61349"',
  'not date "x-num" "year" "2026"',
  'currentdate "date" "2026-11-28"',
  'currentdate :zone "-1230" "hour" "00"',
  'currentdate :value "ge" :comparator "i;ascii-numeric" "month" "11"',
  'not hasflag "x"',
  ['mailboxexists ["A", "B"]', { mailboxes: { A: [], B: [] } }],
  ['not mailboxexists ["A", "B"]', { mailboxes: { A: [] } }],
  ['specialuse_exists "\\\\Junk"', { mailboxes: { A: ['\\Junk'] } }],
  ['specialuse_exists "A" ["\\\\junk"]', { mailboxes: { A: ['\\Junk'] } }],
  ['not specialuse_exists "A" "\\\\Sent"', { mailboxes: { A: ['\\Junk'], B: ['\\Sent'] } }],
  ['metadata :contains "INBOX" "/shared/comment" "HELLO"', { annotations: { 'INBOX /shared/comment': 'Hello' } }],
  ['not metadata "INBOX" "/shared/comment" ["", "x"]', {}],
  ['metadataexists "A" ["/private/a", "/private/b"]', { annotations: { 'A /private/a': '1', 'A /private/b': '' } }],
  ['not metadataexists "A" ["/private/a", "/private/c"]', { annotations: { 'A /private/a': '1' } }],
  ['servermetadata "/private/vendor/x/mode" "on"', { annotations: { '/private/vendor/x/mode': 'on' } }],
  ['not servermetadataexists "/shared/admin"', {}],
  'environment "location" "mda"',
  'environment :contains "NAME" "rook"',
  'not environment "vnd.nothing" ["", "x"]',
  'spamtest "0"',
  'spamtest :count "eq" :comparator "i;ascii-numeric" "0"',
  ['spamtest "10"', { spamPercent: 100 }],
  ['spamtest :value "ge" :comparator "i;ascii-numeric" "5"', { spamPercent: 50 }],
  ['spamtest :percent "50"', { spamPercent: 50 }],
  ['spamtest "1"', { spamPercent: 0 }],
  'virustest "0"',
  ['virustest "5"', { virusLevel: 5 }],
  'valid_notify_method ["mailto:a@b.example", "MAILTO:x@y.example?subject=hi&body=there"]',
  'not valid_notify_method "xmpp:a@b"',
  'not valid_notify_method "mailto:"',
  'notify_method_capability "mailto:a@b.example" "online" "maybe"',
];

describe('tests', () => {
  for (const row of YES) {
    const [test, setting] = typeof row === 'string' ? [row, {}] : row;
    it(test, async () => {
      const require = `require ${JSON.stringify(ALL)};`;
      assert.equal(await does(`${require} if ${test} { fileinto "yes"; }`, setting), 'fileinto yes');
    });
  }

  it('hasflag sees what was set', async () => {
    const script = (test: string) => `require ["imap4flags", "variables", "relational", "comparator-i;ascii-numeric"];
      setflag ["\\\\Seen", "$a"]; setflag "v" "one two"; if ${test} { discard; }`;
    for (const test of [
      'hasflag "$A"',
      'hasflag ["x", "\\\\seen"]',
      'hasflag :contains "v" "w"',
      'hasflag :count "eq" :comparator "i;ascii-numeric" "v" "2"',
    ])
      assert.equal(await does(script(test)), '', test);
    assert.equal(await does(script('hasflag "v" "$a"')), 'keep [\\Seen $a]');
  });
});
