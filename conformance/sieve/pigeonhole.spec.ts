// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scripts.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { temporaryDirectory } from '#testing';
import { ours } from './ours.ts';
import { Pigeonhole, withoutPigeonhole } from './theirs.ts';

const FIXTURES = join(import.meta.dirname, '../../../libs/protocol/message/fixtures');
const REQUIRE = `require ["fileinto", "envelope", "encoded-character", "subaddress", "relational", "regex", "imap4flags",
  "variables", "body", "enotify", "environment", "mailbox", "date", "index", "spamtest", "virustest", "copy",
  "vacation", "vacation-seconds", "reject", "editheader", "comparator-i;ascii-numeric", "duplicate", "include"];\n`;

const MESSAGE = Buffer.from(
  [
    'Return-Path: <ann@sender.example>',
    'Received: from a by b; Thu, 05 Nov 2026 10:00:00 +0100',
    'Received: from c by a; Thu, 05 Nov 2026 09:00:00 +0000',
    'From: Ann Example <ann+work@sender.example>',
    'To: bob+lists@rookery.example, "Friends, all" <friends@rookery.example>',
    'Cc: Team: carol@other.example, dave@other.example;',
    'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from the *team*',
    'Date: Thu, 05 Nov 2026 09:59:58 -0700',
    'Message-ID: <m1@sender.example>',
    'X-Num: 12',
    'X-Num: 7',
    'X-Empty:',
    'X-Folded: one',
    '\ttwo  three',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    'prologue',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Hello W=C3=B6rld, the secret is 42.',
    '--b',
    'Content-Type: text/html',
    '',
    '<p>Click <b>here</b></p>',
    '--b--',
    'epilogue',
    '',
  ].join('\r\n'),
);

const messages: readonly (readonly [string, Buffer])[] = [
  ['the message above', MESSAGE],
  ...readdirSync(FIXTURES)
    .filter((name) => /\.(?:eml|msg)$/.test(name))
    .map((name) => [name, readFileSync(join(FIXTURES, name))] as const),
];

/** Each files in a mailbox of its own, so that one run of a message says how all of them came out. */
const TESTS = [
  'header :is "subject" "Grüße from the *team*"',
  'header :contains "subject" "FROM"',
  'header :contains "subject" ""',
  'header :contains "x-empty" ""',
  'header :is "x-empty" ""',
  'header :is "x-folded" "one two  three"',
  'header :matches "subject" "*a*"',
  'header :matches "subject" "?*"',
  'header :matches "subject" "*\\\\*team\\\\*"',
  'header :comparator "i;octet" :contains "subject" "from"',
  'header :comparator "i;octet" :contains "subject" "FROM"',
  'header :regex "subject" "^.+ (from|to) "',
  'header :regex "subject" "[[:digit:]]+"',
  'header :regex "message-id" "^<[^@>]+@[^@>]+>$"',
  'header :regex ["from", "to"] "[a-z]+@[a-z.]+"',
  'header :index 1 "received" "x"',
  'header :index 2 :last :contains "received" "from a"',
  'header :index 2 :contains "received" "from c"',
  'header :count "ge" :comparator "i;ascii-numeric" "received" "1"',
  'header :count "eq" :comparator "i;ascii-numeric" "received" "2"',
  'header :value "gt" :comparator "i;ascii-numeric" "x-num" "11"',
  'header :value "ge" :comparator "i;ascii-numeric" ["x-num", "x-none"] "12"',
  'header :value "lt" :comparator "i;ascii-numeric" "subject" "5"',
  'header :value "gt" "subject" "h"',
  'header :is "x-none" ""',
  'address :is "from" "ann+work@sender.example"',
  'address :localpart :contains ["from", "to", "cc"] "o"',
  'address :domain :is ["from", "to", "cc"] "other.example"',
  'address :user "from" "ann"',
  'address :detail "from" "work"',
  'address :detail :contains ["from", "to", "cc"] ""',
  'address :all :contains ["from", "to", "cc"] "@"',
  'address :count "ge" :comparator "i;ascii-numeric" ["to", "cc"] "2"',
  'address :index 1 "to" "friends@rookery.example"',
  'envelope "from" "ANN@sender.example"',
  'envelope :detail "to" "lists"',
  'envelope :domain ["from", "to"] "rookery.example"',
  'exists "subject"',
  'exists ["subject", "date", "x-none"]',
  'not exists "x-none"',
  'size :over 300',
  'size :under 1K',
  'size :over 10K',
  'allof (true, exists "from", not false)',
  'anyof (false, not exists "from")',
  'body :contains "secret"',
  'body :contains "hello"',
  'body :text :contains "Wörld"',
  'body :content "text/html" :contains "<b>"',
  'body :content "text" :contains "a"',
  'body :content "image" :contains ""',
  'string :matches "a-b-c" "*-*"',
  'string :is "${unset}" ""',
  'date "date" "year" "2026"',
  'date :originalzone "date" "hour" "09"',
  'date :zone "+0000" "date" "time" "16:59:58"',
  'date :zone "+0530" "date" "iso8601" "2026-11-05T22:29:58+05:30"',
  'date :originalzone "received" "zone" "+0100"',
  'date "date" "weekday" "4"',
  'date :zone "+0000" "date" "julian" "61349"',
  'date :value "lt" "date" "year" "2010"',
  'date :index 2 :zone "+0000" "received" "hour" "09"',
  'currentdate :value "ge" "year" "2026"',
  'mailboxexists "INBOX"',
  'mailboxexists "Nowhere"',
  'hasflag "x"',
  'spamtest "0"',
  'virustest "0"',
  'valid_notify_method "mailto:a@b.example"',
  'notify_method_capability "mailto:a@b.example" "online" "maybe"',
  'duplicate',
];

const ACTIONS = [
  'keep; keep;',
  'discard;',
  'discard; fileinto "A";',
  'fileinto "A"; fileinto "A"; keep;',
  'fileinto :copy "A";',
  'redirect "a@b.example"; redirect "a@B.example"; redirect "A@b.example";',
  'redirect :copy "Name <a@b.example>";',
  'reject "no";',
  'vacation :days 2 "away";',
  'vacation :seconds 86400 :handle "h" "away"; stop; keep;',
  'vacation :addresses "carol@other.example" "away";',
  'addflag ["\\\\Seen", "$x \\\\Flagged"]; removeflag "$X"; keep;',
  'setflag "v" "\\\\Answered"; keep :flags "${v}";',
  'addflag "a"; fileinto :flags "b" "B"; keep;',
  'notify "mailto:a@b.example";',
  'set "a" "x"; set :upper "b" "${a}y"; fileinto "${b}${c}";',
  'set :length "a" "Größe"; fileinto "${a}";',
  'set :quotewildcard "a" "x*y"; fileinto "${a}";',
  'set :upperfirst :lower "a" "ABC"; fileinto "${a}";',
  'if header :matches "subject" "* from the *" { fileinto "${1}-${2}"; }',
  'if address :matches ["to", "cc"] "*@*.example" { fileinto "${1}.${2}"; }',
  'if header :regex "message-id" "<(.)([0-9])@" { fileinto "${1}${2}${3}"; }',
  'if string :matches "one/two/three" "*/*" { fileinto "${1}+${2}"; }',
  'addheader "X-New" "hi"; if header "x-new" "hi" { fileinto "A"; }',
  'deleteheader "Subject"; if not exists "subject" { fileinto "A"; }',
  'deleteheader :index 1 "X-Num"; if header :count "eq" :comparator "i;ascii-numeric" "x-num" "1" { fileinto "A"; }',
  'if true { fileinto "A"; } elsif true { fileinto "B"; } else { fileinto "C"; } fileinto "D";',
  'fileinto "${hex: 41}${unicode:e9}";',
];

/** Whether each compiles, nothing more. */
const SCRIPTS = [
  ...[
    'keep',
    'foo;',
    'if foo { keep; }',
    'keep; require "fileinto";',
    'require "nope";',
    'fileinto "x";',
    'keep :nope;',
  ],
  ...[
    'require "fileinto"; fileinto;',
    'require "fileinto"; fileinto ["a", "b"];',
    'require "fileinto"; fileinto :copy "x";',
  ],
  ...['if header :is :contains "a" "b" { keep; }', 'if header :comparator "i;x" "a" "b" { keep; }', 'else { keep; }'],
  ...[
    'if address "subject" "x" { keep; }',
    'require "envelope"; if envelope "cc" "x" { keep; }',
    'if true;',
    'keep { stop; }',
  ],
  ...[
    'if { keep; }',
    'if (true, true) { keep; }',
    'if anyof { keep; }',
    'keep "x";',
    'redirect "not an address";',
    '"x";',
  ],
  ...[
    'if size 5 { keep; }',
    'keep; "',
    'keep; /* never',
    'if size :over 1X { keep; }',
    'require "regex"; if header :regex "a" "(" { keep; }',
  ],
  ...[
    'require "variables"; set "a b" "x";',
    'require "variables"; keep; if string "${x.y}" "" { keep; }',
    'stop; keep;',
  ],
  ...[
    'require "vacation"; vacation;',
    'require "vacation"; vacation :from "nobody" "x";',
    '# only a comment',
    'KEEP; Stop;',
  ],
  ...[
    'require "relational"; if header :count "xx" "a" "1" { keep; }',
    'require "date"; if date "date" "era" "x" { keep; }',
  ],
  ...[
    'if header ["a", "b"] ["c"] { keep; } elsif true { stop; }',
    'require "index"; if header :last "a" "b" { keep; }',
  ],
  ...[
    'require "reject"; reject text:\r\nx\r\n.\r\n;',
    'if not true { keep; }',
    'require ["include"]; include "a" "b";',
  ],
];

/** Where we read it otherwise, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'header :is "x-folded" "one two  three"': 'RFC 5322 §2.2.3: unfolding leaves the tab; Pigeonhole makes it a space',
  'require "variables"; keep; if string "${x.y}" "" { keep; }': 'RFC 5229 §3: an unknown namespace MUST cause an error',
  'require "date"; if date "date" "era" "x" { keep; }':
    'RFC 5260 §4.2 knows no such part; Pigeonhole says so at run time',
};
const isComparable = (text: string): boolean => !Object.hasOwn(DIFFERENT, text);

describe('beside Pigeonhole', { skip: withoutPigeonhole }, () => {
  const directory = temporaryDirectory();
  after(() => directory[Symbol.dispose]());
  const theirs = withoutPigeonhole ? null : new Pigeonhole(directory.path);

  for (const [name, message] of messages)
    it(`tests come out alike: ${name}`, async () => {
      const script = REQUIRE + TESTS.map((test, index) => `if ${test} { fileinto "T${index}"; }\n`).join('');
      const [here, there] = [await ours(script, message, 1_000), theirs!.run(script, message)];
      const came = (doings: readonly string[] | null): string[] =>
        TESTS.filter((test, index) => doings?.includes(`store T${index}`) && isComparable(test));
      assert(here && there, `compiles here: ${here !== null}, there: ${there !== null}`);
      assert(!there[0]?.startsWith('error'), there[0]);
      assert.deepEqual(came(here), came(there));
    });

  for (const actions of ACTIONS)
    it(`does the same: ${actions}`, async () => {
      const there = theirs!.run(REQUIRE + actions, MESSAGE);
      assert.deepEqual(await ours(REQUIRE + actions, MESSAGE), there);
    });

  for (const script of SCRIPTS.filter(isComparable))
    it(`${JSON.stringify(script)} compiles, or does not, at both`, async () =>
      assert.equal((await ours(script, MESSAGE)) !== null, theirs!.run(script, MESSAGE) !== null));
});
