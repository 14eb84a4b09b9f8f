/**
 * Made-up mail with the shape of real mail, the same for the same number: words by Zipf's law out of 60,000, in one message of ten
 * those of another script, lines folded at 72, and headers full of what nobody reads (two Received, a DKIM signature, ids).
 */
const VOCABULARY = 60_000;
const SYLLABLES =
  'ba ce di fo gu ka le mi no pu ra se ti vo wu xa ye zi man tor len rik sab dun est ing ion er al ent th st'.split(
    ' ',
  );
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const HOSTS = ['gmail.com', 'example.com', 'firma.example', 'news.example.org', 'shop.example.net'];

/** The nth most frequent word. Those in frequent use are short, as in any language. */
export function word(n: number): string {
  let rest = n;
  let text = '';
  do {
    text += SYLLABLES[rest % SYLLABLES.length];
    rest = Math.floor(rest / SYLLABLES.length);
  } while (rest > 0);
  return text;
}

const vocabulary = Array.from({ length: VOCABULARY }, (_, n) => word(n));
/** Frequencies of Zipf's law, summed up. */
const sums = vocabulary.reduce((list, _, n) => {
  list[n] = (list[n - 1] ?? 0) + 1 / (n + 1);
  return list;
}, new Float64Array(VOCABULARY));

/** Linear congruential, Numerical Recipes' constants: quick, and good enough for mail. */
class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  fraction(): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.fraction() * n);
  }

  junk(length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += BASE64[this.below(64)];
    return text;
  }

  word(): string {
    const at = this.fraction() * (sums.at(-1) ?? 1);
    let [low, high] = [0, VOCABULARY - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return vocabulary[low]!;
  }

  /** Kana and common kanji, a few frequent. */
  japanese(length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) {
      const rank = Math.floor(2_000 ** this.fraction());
      text += rank < 80 ? String.fromCharCode(0x3042 + rank) : String.fromCharCode(0x4e00 + rank * 3);
      if (this.below(20) === 0) text += '、';
    }
    return text;
  }
}

/** About 4 KB: 1.3 KB of header, a body of some hundred words. */
export function letter(n: number): Buffer {
  const dice = new Dice(n);
  const host = HOSTS[n % HOSTS.length]!;
  const who = Math.floor(2_000 ** dice.fraction());
  const subject = Array.from({ length: 5 }, () => dice.word()).join(' ');
  const head = [
    `Return-Path: <bounce-${dice.junk(12)}@${host}>`,
    `Received: from mail-${dice.below(1_000)}.${host} (mail.${host} [192.0.2.${who % 250}])`,
    ` by mx.example.org (Postfix) with ESMTPS id ${dice.junk(10)}; Mon, 1 Jan 2026 ${n % 24}:${n % 60}:00 +0000`,
    `Received: by mail.${host} with SMTP id ${dice.junk(16)}; Mon, 1 Jan 2026 ${n % 24}:${n % 60}:00 +0000`,
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${host}; s=2023; t=${dice.below(1e9)};`,
    ` h=from:to:subject:date:message-id; bh=${dice.junk(43)}=;`,
    ...Array.from({ length: 4 }, (_, i) => ` ${i === 0 ? 'b=' : ''}${dice.junk(72)}`),
    ` ${dice.junk(54)}==`,
    `From: ${word(who + 40)} ${word(who + 90)} <user${who}@${host}>`,
    `To: Recipient <r@example.org>`,
    `Subject: ${subject}`,
    `Date: Mon, 01 Jan 2026 ${String(n % 24).padStart(2, '0')}:00:00 +0000`,
    `Message-ID: <${dice.junk(22).replace(/[+/]/g, 'x')}.${n}@mail.${host}>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ].join('\r\n');
  return Buffer.from(`${head}\r\n\r\n${n % 10 === 0 ? japaneseBody(dice) : body(dice)}`);
}

function body(dice: Dice): string {
  let text = '';
  let line = '';
  // Lengths spread as those of mail do: many short, some long.
  for (let words = 40 + Math.floor(-300 * Math.log(1 - dice.fraction())); words > 0; words--) {
    line += dice.word() + (dice.below(12) === 0 ? (dice.below(2) ? ', ' : '. ') : ' ');
    if (line.length < 72) continue;
    text += `${line.trimEnd()}\r\n`;
    line = '';
  }
  return `${text}${line}\r\n`;
}

function japaneseBody(dice: Dice): string {
  const lines = 3 + dice.below(20);
  return Array.from({ length: lines }, () => `${dice.japanese(30)}。\r\n`).join('');
}
