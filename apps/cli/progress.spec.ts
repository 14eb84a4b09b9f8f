import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProgressBar, progressLines } from './progress.ts';

function screen(columns = 200) {
  let now = 0;
  const drawn: string[] = [];
  const bar = new ProgressBar({ write: (text) => drawn.push(text), columns: () => columns, now: () => now });
  return { bar, drawn, wait: (ms: number) => (now += ms) };
}

describe('progress', () => {
  it('on a terminal is a bar with share, rate and time left, drawn over itself', () => {
    const { bar, drawn, wait } = screen();
    bar.show({ what: 'INBOX', done: 0, total: 8_000_000, unit: 'bytes' });
    wait(1_000);
    bar.show({ what: 'INBOX', done: 2_000_000, total: 8_000_000, unit: 'bytes' });
    assert.equal(drawn.at(-1), '\r\x1b[KINBOX  ██████░░░░░░░░░░░░░░░░░░ 25 %  2 MB of 8 MB  2 MB/s  3 s left');
    bar.end();
    assert.equal(drawn.at(-1), '\r\x1b[K');
    bar.end();
    assert.equal(drawn.length, 3);
  });

  it('is not drawn more than ten times a second, but at the end', () => {
    const { bar, drawn, wait } = screen();
    for (let done = 0; done <= 1_000; done++) {
      bar.show({ what: 'x', done, total: 1_000, unit: 'messages' });
      wait(1);
    }
    assert(drawn.length >= 10 && drawn.length <= 12, `${drawn.length}`);
    assert.match(drawn.at(-1) ?? '', /100 % {2}1000 of 1000/);
  });

  it('without a known end tells how much, and how fast lately', () => {
    const { bar, drawn, wait } = screen();
    bar.show({ what: 'Sent', done: 0, unit: 'messages' });
    wait(1_000);
    bar.show({ what: 'Sent', done: 1_000, unit: 'messages' });
    for (let i = 1; i <= 30; i++) {
      wait(1_000);
      bar.show({ what: 'Sent', done: 1_000 + 10 * i, unit: 'messages' });
    }
    assert.equal(drawn.at(-1), '\r\x1b[KSent  1300  10/s');
    wait(200);
    bar.show({ what: 'Trash', done: 5, unit: 'messages' });
    assert.equal(drawn.at(-1), '\r\x1b[KTrash  5');
  });

  it('keeps to the width of the screen, and lets sentences through', () => {
    const { bar, drawn } = screen(20);
    bar.show({ what: 'a mailbox with a long name', done: 1, total: 2, unit: 'messages' });
    assert.equal(drawn.at(-1)?.length, 3 + 1 + 19);
    bar.say('done with it');
    assert.deepEqual(drawn.slice(-2), ['\r\x1b[K', 'done with it\n']);
  });

  it('elsewhere is lines, and no more of them than are worth reading', () => {
    const said: string[] = [];
    const lines = progressLines((line) => said.push(line));
    lines.show({ what: 'INBOX', done: 1, unit: 'messages' });
    lines.show({ what: 'INBOX', done: 100, unit: 'messages' }, 'INBOX: 100 …');
    lines.say('ready');
    lines.end();
    assert.deepEqual(said, ['INBOX: 100 …', 'ready']);
  });
});
