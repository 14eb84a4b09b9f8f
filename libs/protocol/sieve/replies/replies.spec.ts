import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMessage } from '#protocol/message';
import type { NotifyAction, VacationAction } from '../action.ts';
import { HeaderFields } from '../header-fields.ts';
import { does, MESSAGE, runScript } from '../kit.test.ts';
import { notification } from './notification.ts';
import { redirectLoop, redirectMark } from './redirected.ts';
import { vacationReply } from './vacation-reply.ts';

const FACTS = {
  at: Date.UTC(2026, 10, 28),
  messageId: 'r1@mx.example',
  owner: 'bob@rookery.example',
  header: Buffer.from(MESSAGE),
};

async function actionOf<K extends 'vacation' | 'notify'>(script: string, kind: K) {
  const { actions } = await runScript(script);
  const found = actions.find((action) => action.kind === kind);
  assert(found);
  return found as K extends 'vacation' ? VacationAction : NotifyAction;
}

describe('vacation', () => {
  it('answers as RFC 5230 §5 says', async () => {
    const action = await actionOf('require "vacation"; vacation "Ich bin weg.\nBis später";', 'vacation');
    assert.equal(action.periodSeconds, 7 * 86_400);
    assert.deepEqual(vacationReply(action, FACTS).toString().split('\r\n'), [
      'From: <bob@rookery.example>',
      'To: <ann@sender.example>',
      'Subject: Auto: =?utf-8?b?R3LDvMOfZQ==?= from the *team*',
      'Date: Sat, 28 Nov 2026 00:00:00 +0000',
      'Message-ID: <r1@mx.example>',
      'In-Reply-To: <m1@sender.example>',
      'References: <m1@sender.example>',
      'Auto-Submitted: auto-replied (vacation)',
      'X-Auto-Response-Suppress: All',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      'Ich bin weg.',
      'Bis sp=C3=A4ter',
      '',
    ]);
  });

  it('takes a MIME entity, without fields that are not its to set', async () => {
    const script = `require ["vacation", "vacation-seconds"]; vacation :mime :seconds 90 :subject "Away" :from "\\"Bob Bär\\" <b@x.example>" text:
Content-Type: text/html
To: victim@x.example
Bcc: victim@x.example

<p>Away</p>
.
;`;
    const action = await actionOf(script, 'vacation');
    assert.equal(action.periodSeconds, 90);
    const text = vacationReply(action, FACTS).toString();
    const { envelope, body } = parseMessage(Buffer.from(text));
    assert.deepEqual([envelope.subject, envelope.from[0]?.name, body.subtype], ['Away', 'Bob Bär', 'html']);
    assert.match(text, /^From: Bob =\?utf-8\?q\?B=C3=A4r\?= <b@x\.example>\r\n/);
    assert(!text.includes('victim'));
  });

  const ROBOTS: readonly [string, string][] = [
    ['lists', 'List-Id: <x>'],
    ['list owners', 'List-Unsubscribe: <mailto:x@y>'],
    ['machines', 'Auto-Submitted: auto-replied'],
    ['bulk', 'Precedence: bulk'],
    ['Exchange', 'X-Auto-Response-Suppress: DR, OOF'],
  ];
  for (const [name, field] of ROBOTS)
    it(`does not answer ${name}`, async () =>
      assert.equal(await does('require "vacation"; vacation "x";', {}, `${field}\r\n${MESSAGE}`), 'keep'));

  it('answers who says he is no machine', async () => {
    const text = `Auto-Submitted: no\r\n${MESSAGE}`;
    assert.equal(await does('require "vacation"; vacation "x";', {}, text), 'vacation to ann@sender.example, keep');
  });
});

describe('notify', () => {
  it('writes as RFC 5436 §2 says', async () => {
    const uri = 'mailto:a@b.example?to=c%40d.example&body=Look%0Aat%20it&X-Tag=t%0D%0ABcc%3A%20v&From=f%40g.example';
    const script = `require "enotify"; notify :importance "1" :message "You have mail" "${uri}";`;
    const text = notification(await actionOf(script, 'notify'), FACTS).toString();
    const fields = new HeaderFields(Buffer.from(text));
    assert.equal(fields.values('to')[0], '<a@b.example>, <c@d.example>');
    assert.equal(fields.values('from')[0], '<bob@rookery.example>');
    assert.equal(fields.values('subject')[0], 'You have mail');
    assert.equal(fields.values('x-priority')[0], '1 (High)');
    assert.equal(fields.values('x-tag')[0], 't Bcc: v');
    assert(!fields.has('bcc'));
    assert(text.endsWith('\r\n\r\nLook\r\nat it\r\n'));
  });

  it('tells nothing of what machines sent', async () => {
    const text = `Auto-Submitted: auto-notified\r\n${MESSAGE}`;
    assert.equal(await does('require "enotify"; notify "mailto:a@b.example";', {}, text), 'keep');
  });
});

describe('redirecting', () => {
  it('ends where it goes in a circle', () => {
    const marked = (owners: readonly string[]): Buffer =>
      Buffer.from(`${owners.map((owner) => redirectMark(owner).toString()).join('')}${MESSAGE}`);
    assert.equal(redirectLoop(marked([]), 'bob@x.example'), null);
    assert.equal(redirectLoop(marked(['ann@x.example']), 'bob@x.example'), null);
    assert.equal(redirectLoop(marked(['BOB@x.example']), 'bob@x.example'), 'redirected by bob@x.example before');
    const many = Array.from({ length: 10 }, (_, index) => `u${index}@x.example`);
    assert.equal(redirectLoop(marked(many), 'bob@x.example'), 'redirected too often');
    const hops = Buffer.from(`${'Received: x\r\n'.repeat(60)}${MESSAGE}`);
    assert.equal(redirectLoop(hops, 'bob@x.example'), 'too many hops');
  });
});
