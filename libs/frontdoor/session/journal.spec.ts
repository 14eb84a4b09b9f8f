import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imap } from '../imap/imap-protocol.ts';
import { Journal } from './journal.ts';

const journal = (...chunks: string[]): Journal => {
  const made = new Journal(imap, 1_000);
  for (const chunk of chunks) made.said(Buffer.from(chunk));
  return made;
};
const left = (made: Journal) => {
  const { again, refused, open, openIsLost } = made.unanswered();
  return {
    again: again.map(({ bytes }) => String(bytes)),
    refused: refused.map(({ tag }) => tag),
    open: String(open),
    openIsLost,
  };
};
const NOTHING = { again: [], refused: [], open: '', openIsLost: false };

describe('the journal', () => {
  it('holds what is unanswered, in whatever pieces it came', () => {
    const text = 'a NOOP\r\nb FETCH 1 UID\r\nc SEA';
    for (let cut = 0; cut <= text.length; cut++) {
      const made = journal(text.slice(0, cut), text.slice(cut));
      assert.deepEqual(left(made), { ...NOTHING, again: ['a NOOP\r\n', 'b FETCH 1 UID\r\n'], open: 'c SEA' });
      made.answered(1);
      assert.deepEqual(left(made), { ...NOTHING, again: ['b FETCH 1 UID\r\n'], open: 'c SEA' });
      made.answered(2);
      assert.deepEqual(left(made), { ...NOTHING, open: 'c SEA' });
      assert.equal(made.settled, true);
      assert.equal(made.quiet, false);
    }
  });

  it('says nothing again from the first command on that may have had an effect', () => {
    assert.deepEqual(left(journal('a NOOP\r\nb COPY 1 x\r\nc NOOP\r\nd N')), {
      again: ['a NOOP\r\n'],
      refused: ['b', 'c'],
      open: 'd N',
      openIsLost: false,
    });
  });

  const repeatable: readonly [string, boolean][] = [
    ['a STORE 1 +FLAGS (\\Seen)\r\n', true],
    ['a UID STORE 1 (UNCHANGEDSINCE 5) FLAGS (\\Seen)\r\n', false],
    ['a uid fetch 1 UID\r\n', true],
    ['a UID MOVE 1 x\r\n', false],
    ['a UID EXPUNGE 1\r\n', true],
    ['a APPEND x {1+}\r\ny\r\n', false],
    ['a CREATE x\r\n', false],
    ['a LOGOUT\r\n', true],
    ['a XNEW\r\n', false],
    ['a\r\n', false],
  ];
  for (const [text, may] of repeatable)
    it(`${may ? 'repeats' : 'refuses'} ${JSON.stringify(text)}`, () =>
      assert.equal(left(journal(text)).again.length === 1, may));

  it('counts IDLE as two, and is quiet in it', () => {
    const made = journal('a IDLE\r\n');
    assert.equal(made.quiet, false);
    made.answered(1);
    assert.equal(made.quiet, true);
    assert.deepEqual(left(made), NOTHING);
    made.said(Buffer.from('DO'));
    assert.deepEqual(left(made), { ...NOTHING, open: 'DO' });
    made.said(Buffer.from('NE\r\n'));
    assert.deepEqual(left(made), { ...NOTHING, again: ['DONE\r\n'] });
    made.answered(2);
    made.said(Buffer.from('b NOOP\r\n'));
    assert.deepEqual(left(made), { ...NOTHING, again: ['b NOOP\r\n'] });
  });

  it('sees a literal that was refused before it was sent', () => {
    const made = journal('a APPEND x {500}\r\n');
    made.answered(1);
    assert.equal(made.quiet, true);
    made.said(Buffer.from('b NOOP\r\n'));
    assert.deepEqual(left(made), { ...NOTHING, again: ['b NOOP\r\n'] });
  });

  it('gives up what is too much to keep, and begins again once all is answered', () => {
    const made = journal('a NOOP\r\n', `b APPEND x {5000+}\r\n${'y'.repeat(2_000)}`);
    assert.deepEqual(left(made), { ...NOTHING, refused: ['a'], openIsLost: true });
    made.said(Buffer.from(`${'y'.repeat(3_000)}\r\nc NOOP\r\n`));
    assert.deepEqual(left(made), { ...NOTHING, refused: ['a', 'b', 'c'] });
    made.answered(3);
    made.said(Buffer.from('d NOOP\r\n'));
    assert.deepEqual(left(made), { ...NOTHING, again: ['d NOOP\r\n'] });
  });

  it('starts on a new leg with what is said again', () => {
    const made = journal('a NOOP\r\nb COPY 1 x\r\nc IDLE\r\n');
    made.restart(made.unanswered());
    assert.deepEqual(left(made), { ...NOTHING, again: ['a NOOP\r\n'] });
    made.answered(1);
    assert.deepEqual(left(made), NOTHING);
    made.said(Buffer.from('d NOOP\r\n'));
    assert.deepEqual(left(made), { ...NOTHING, again: ['d NOOP\r\n'] });
    made.answered(2);
    assert.equal(made.quiet, true);
  });
});
