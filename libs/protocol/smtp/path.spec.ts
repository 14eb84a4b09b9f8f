import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { isDomain, isMailbox, splitAddress } from './address.ts';
import { parseCommandLine } from './command.ts';
import { parseForwardPath, parseReversePath } from './path.ts';
import { SmtpRefusal } from './reply.ts';

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof SmtpRefusal, String(error));
    return error.message;
  }
  return 'accepted';
};

describe('paths', () => {
  const good: readonly (readonly [string, string])[] = [
    ['<>', ''],
    ['<a@b>', 'a@b'],
    ['<a.b+c@d.test>', 'a.b+c@d.test'],
    ["<!#$%&'*+-/=?^_`{|}~@d.test>", "!#$%&'*+-/=?^_`{|}~@d.test"],
    ['<"">@d.test>', 'refused'],
    ['<""@d.test>', '""@d.test'],
    ['<"a\\"b\\\\ @"@d.test>', '"a\\"b\\\\ @"@d.test'],
    ['<a@[127.0.0.1]>', 'a@[127.0.0.1]'],
    ['<a@[IPv6:::1]>', 'a@[IPv6:::1]'],
    ['<a@[IPv6:2001:db8::192.0.2.1]>', 'a@[IPv6:2001:db8::192.0.2.1]'],
    ['<a@[x400:c=de]>', 'a@[x400:c=de]'],
    ['<@h1.test,@h2.test:a@d.test>', 'a@d.test'],
    ['<用户@例子.广告>', '用户@例子.广告'],
    [`<${'l'.repeat(64)}@d.test>`, `${'l'.repeat(64)}@d.test`],
    [`<${'l'.repeat(65)}@d.test>`, 'refused'],
    [`<a@${'d'.repeat(63)}.test>`, `a@${'d'.repeat(63)}.test`],
    [`<a@${'d'.repeat(64)}.test>`, 'refused'],
    [`<${'l'.repeat(60)}@${`${'d'.repeat(60)}.`.repeat(3)}${'t'.repeat(20)}>`, 'refused'],
    ['a@b.test', 'refused'],
    ['<a@b.test', 'refused'],
    ['<a@b.test>>', 'refused'],
    ['<.a@b.test>', 'refused'],
    ['<a.@b.test>', 'refused'],
    ['<a..b@b.test>', 'refused'],
    ['<a b@b.test>', 'refused'],
    ['<"a@b.test>', 'refused'],
    ['<a@>', 'refused'],
    ['<@b.test>', 'refused'],
    ['<a@-b.test>', 'refused'],
    ['<a@b-.test>', 'refused'],
    ['<a@b..test>', 'refused'],
    ['<a@.test>', 'refused'],
    ['<a@b.test.>', 'refused'],
    ['<a@[1.2.3]>', 'refused'],
    ['<a@[256.1.1.1]>', 'refused'],
    ['<a@[IPv6:1::2::3]>', 'refused'],
    ['<a@[IPv6:12345::]>', 'refused'],
    ['<a@[127.0.0.1>', 'refused'],
    ['<@h1.test:>', 'refused'],
    ['<@h1.test,a@d.test>', 'refused'],
    ['<a@b@c.test>', 'refused'],
    ['<a<b@c.test>', 'refused'],
  ];
  for (const [path, expected] of good)
    it(path.slice(0, 50), () => {
      if (expected === 'refused')
        assert.match(
          refusal(() => parseReversePath(`FROM:${path}`)),
          /^501 5\./,
        );
      else assert.equal(parseReversePath(`FROM:${path}`).address, expected);
    });

  it('drops a source route from a forward-path and lets postmaster be', () => {
    assert.equal(parseForwardPath('TO:<@h.test:a@d.test>').address, 'a@d.test');
    assert.equal(parseForwardPath('to:<POSTMASTER>').address, 'POSTMASTER');
    assert.match(
      refusal(() => parseForwardPath('TO:<>')),
      /^501/,
    );
    assert.match(
      refusal(() => parseForwardPath('TO:<postmasters>')),
      /^501/,
    );
  });

  it('reads parameters', () => {
    const { parameters } = parseReversePath('FROM:<a@b.test>  size=12   BODY=8BITMIME SMTPUTF8');
    assert.deepEqual(
      [...parameters],
      [
        ['SIZE', '12'],
        ['BODY', '8BITMIME'],
        ['SMTPUTF8', null],
      ],
    );
    for (const bad of ['=1', '-A', 'A=\x7f', 'A=1 a=2', Array.from({ length: 21 }, (_, i) => `P${i}`).join(' ')])
      if (bad !== 'A==')
        assert.match(
          refusal(() => parseReversePath(`FROM:<a@b.test> ${bad}`)),
          /^501 5\.5\.4/,
          bad,
        );
  });

  it('splits addresses at the last @', () => {
    assert.deepEqual(splitAddress('"a@b"@c.test'), { localPart: '"a@b"', domain: 'c.test' });
    assert.deepEqual(splitAddress('postmaster'), { localPart: 'postmaster', domain: '' });
  });

  it('takes anything at all without breaking', () => {
    const random = seededRandom(3);
    const alphabet = '<>@.:,"\\[] =aZ0-_\u00fc\u{1f600}\t~IPv6postmaster';
    for (let round = 0; round < 20_000; round++) {
      let text = random.fraction() < 0.7 ? 'FROM:<' : 'FROM:';
      const length = Math.floor(random.fraction() * 30);
      for (let i = 0; i < length; i++) text += alphabet[Math.floor(random.fraction() * alphabet.length)];
      if (random.fraction() < 0.5) text += '@d.test>';
      try {
        const { address } = parseReversePath(text);
        assert.ok(address === '' || isMailbox(address), text);
      } catch (error) {
        assert.ok(error instanceof SmtpRefusal, `${text}: ${error}`);
      }
    }
  });
});

describe('domains', () => {
  const rows: readonly [string, boolean][] = [
    ['a', true],
    ['a-b.c1.test', true],
    ['例子.广告', true],
    ['', false],
    ['a_b.test', false],
    [`${'a.'.repeat(127)}b`, true],
    [`${'a.'.repeat(128)}b`, false],
  ];
  for (const [domain, expected] of rows)
    it(domain.slice(0, 20) || '(empty)', () => assert.equal(isDomain(domain), expected));
});

describe('command lines', () => {
  const rows: readonly [string, string][] = [
    ['mail FROM:<>', 'MAIL|FROM:<>'],
    ['NOOP', 'NOOP|'],
    ['NOOP   ', 'NOOP|'],
    ['DATA  x y  ', 'DATA|x y'],
    ['', '|'],
    [' NOOP', '|NOOP'],
  ];
  for (const [line, expected] of rows)
    it(JSON.stringify(line), () => {
      const { verb, argument } = parseCommandLine(Buffer.from(line));
      assert.equal(`${verb}|${argument}`, expected);
    });

  it('refuses what is not UTF-8', () =>
    assert.match(
      refusal(() => parseCommandLine(Buffer.from([0x4e, 0xff]))),
      /^500 5\.5\.2/,
    ));
});
