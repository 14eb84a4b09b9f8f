// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scripts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { does, MESSAGE, runScript, type Setting } from './kit.test.ts';

const CASES: readonly [script: string, actions: string, setting?: Setting][] = [
  ['', 'keep'],
  ['keep; keep;', 'keep'],
  ['discard;', ''],
  ['discard; keep;', 'keep'],
  ['stop; discard;', 'keep'],
  ['require "fileinto"; fileinto "Lists";', 'fileinto Lists'],
  ['require "fileinto"; fileinto "inbox"; keep;', 'keep'],
  ['require ["fileinto", "copy"]; fileinto :copy "Lists";', 'fileinto Lists, keep'],
  ['require ["fileinto", "mailbox"]; fileinto :create "New"; fileinto "New";', 'fileinto New'],
  [
    'require ["fileinto","special-use"]; fileinto :specialuse "\\\\Junk" "Spam";',
    'fileinto Mist',
    { mailboxes: { Mist: ['\\Junk'] } },
  ],
  ['require ["fileinto","special-use"]; fileinto :specialuse "\\\\Junk" "Spam";', 'fileinto Spam'],
  ['redirect "x@y.example";', 'redirect x@y.example'],
  ['redirect "Name <x@y.example>"; redirect "x@Y.example";', 'redirect x@y.example'],
  ['require "copy"; redirect :copy "x@y.example";', 'redirect x@y.example, keep'],
  [
    'redirect "a@x"; redirect "b@x"; redirect "c@x"; redirect "d@x"; redirect "e@x";',
    'error: the script sends too much mail',
  ],
  ['require "variables"; set "a" "no address"; redirect "${a}";', 'error: not an address: "no address"'],
  ['require "reject"; reject "Go away.";', 'reject Go away.'],
  ['require "ereject"; ereject "No.";', 'reject No.'],
  ['require "reject"; keep; reject "No.";', 'error: a refused message can have no other action'],
  ['require "reject"; reject "No."; keep;', 'error: a refused message can have no other action'],
  ['if true { discard; } elsif true { keep; } else { keep; }', ''],
  ['if false { keep; } elsif true { discard; } else { keep; }', ''],
  ['if false { keep; } elsif false { keep; } else { discard; }', ''],
  ['require "imap4flags"; setflag "\\\\Seen"; addflag ["\\\\Flagged $x", "\\\\seen"];', 'keep [\\Seen \\Flagged $x]'],
  ['require "imap4flags"; setflag "a b c"; removeflag "B"; keep;', 'keep [a c]'],
  [
    'require ["imap4flags", "fileinto"]; addflag "x"; fileinto :flags "\\\\Seen" "A"; fileinto "B";',
    'fileinto A [\\Seen], fileinto B [x]',
  ],
  ['require ["imap4flags", "variables"]; setflag "v" "a b"; addflag "v" "c"; keep :flags "${v}";', 'keep [a b c]'],
  ['require "imap4flags"; keep :flags ["bad{flag", "\\\\Recent", "ok"];', 'keep [ok]'],
  ['require ["variables", "fileinto"]; set "a" "Li"; set "b" "${a}sts"; fileinto "${b}${c}";', 'fileinto Lists'],
  ['require ["variables", "fileinto"]; set :upperfirst :lower "a" "lISTS"; fileinto "${A}";', 'fileinto Lists'],
  ['require ["variables", "fileinto"]; set :length "a" "Größe"; fileinto "${a}";', 'fileinto 5'],
  ['require ["variables", "fileinto"]; set :quotewildcard "a" "a*b?\\\\"; fileinto "${a}";', 'fileinto a\\*b\\?\\\\'],
  [
    'require ["variables", "enotify", "fileinto"]; set :encodeurl "a" "a b&ü"; fileinto "${a}";',
    'fileinto a%20b%26%C3%BC',
  ],
  ['require ["variables", "fileinto"]; fileinto "${ no } ${a.b ${}";', 'fileinto ${ no } ${a.b ${}'],
  ['require ["editheader"]; addheader "X-Sieve" "yes";', 'keep (edited)'],
  ['require ["editheader", "fileinto"]; keep; addheader "X-A" "b"; fileinto "A";', 'keep, fileinto A (edited)'],
  ['require "editheader"; deleteheader "X-None";', 'keep'],
  ['require "editheader"; deleteheader "Received";', 'keep'],
  ['require "vacation"; vacation "Away";', 'vacation to ann@sender.example, keep'],
  ['require "vacation"; vacation "Away"; vacation "Again";', 'error: vacation answers once'],
  [
    'require "vacation"; vacation :addresses "friends@rookery.example" "Away";',
    'vacation to ann@sender.example, keep',
    { to: 'x@y' },
  ],
  ['require "vacation"; vacation "Away";', 'keep', { to: 'x@y', owner: 'x@y' }],
  ['require "vacation"; vacation "Away";', 'keep', { from: '' }],
  ['require "vacation"; vacation "Away";', 'keep', { from: 'owner-list@sender.example' }],
  ['require "enotify"; notify "mailto:a@b.example";', 'notify a@b.example, keep'],
  [
    'require ["include", "fileinto"]; include "other"; fileinto "B";',
    'fileinto A, fileinto B',
    { scripts: { other: 'require ["fileinto", "include"]; fileinto "A"; return; fileinto "X";' } },
  ],
  ['require "include"; include "other"; discard;', 'keep', { scripts: { other: 'stop;' } }],
  ['require "include"; include :once "other"; include :once "other";', 'keep', { scripts: { other: 'keep;' } }],
  ['require "include"; include "gone";', 'error: no script "gone" to include'],
  ['require "include"; include :optional "gone"; discard;', ''],
  [
    'require "include"; include "me";',
    'error: script "me" includes itself',
    { scripts: { me: 'require "include"; include "me";' } },
  ],
  [
    'require "include"; include "bad";',
    'error: script "bad" to include: line 1, column 1: unknown command "nonsense"',
    { scripts: { bad: 'nonsense;' } },
  ],
  [
    'require ["include", "variables", "fileinto"]; global "g"; set "l" "x"; include "set"; fileinto "${g}${l}${global.h}";',
    'fileinto Gx1',
    {
      scripts: {
        set: 'require ["include", "variables"]; global ["g"]; set "g" "G"; set "l" "other"; set "global.h" "1";',
      },
    },
  ],
];

describe('commands', () => {
  for (const [script, actions, setting] of CASES)
    it(script || 'nothing at all', async () => assert.equal(await does(script, setting), actions));

  it('an error drops all the script wanted, and keeps', async () => {
    const script = 'require "fileinto"; fileinto "A"; redirect "a@b.c";';
    const outcome = await runScript(script, MESSAGE, { limits: { actionsMax: 1 } });
    assert.deepEqual(outcome.actions, [{ kind: 'store', mailbox: null, flags: [], header: null }]);
    assert.deepEqual(outcome.error, { line: 1, column: 35, message: 'the script has too many actions' });
  });

  it('an edited header is the message’s own but for the edit', async () => {
    const script =
      'require "editheader"; addheader "X-New" "Grüße"; addheader :last "X-End" "e"; deleteheader :index 2 "x-num"; deleteheader :contains "Subject" "team";';
    const { actions } = await runScript(script);
    const [action] = actions;
    assert(action?.kind === 'store');
    const expected = MESSAGE.slice(0, MESSAGE.indexOf('\r\n\r\n') + 2)
      .replace('X-Num: 7\r\n', '')
      .replace(/Subject: .*\r\n/, '');
    const [first, ...others] = expected.split(/(?<=\r\n)/);
    const added = [first, 'X-New: =?utf-8?b?R3LDvMOfZQ==?=\r\n', ...others, 'X-End: e\r\n\r\n'];
    assert.equal(action.header?.toString(), added.join(''));
  });

  it('a tracked message is known again', async () => {
    const seen = new Set<string>();
    const script = 'require "duplicate"; if duplicate { discard; }';
    assert.equal(await does(script, { seen }), 'keep');
    assert.equal(await does(script, { seen }), '');
    assert.equal(await does('require "duplicate"; if duplicate :handle "h" { discard; }', { seen }), 'keep');
    assert.equal(await does(script, { seen }, MESSAGE.replace('m1@', 'm2@')), 'keep');
    assert.equal(await does(script, { seen }, MESSAGE.replace(/Message-ID: .*\r\n/, '')), 'keep');
  });

  it('work is bounded', async () => {
    const script = 'require ["body", "regex"]; if body :regex "(a|aa)*(a|aa)*(a|aa)*b" { discard; }';
    const text = `Subject: x\r\n\r\n${'a'.repeat(20_000)}\r\n`;
    assert.equal(await does(script, { limits: { effortMax: 10_000 } }, text), 'error: the script takes too long');
    assert.equal(await does(script, {}, text), 'keep');
  });
});
