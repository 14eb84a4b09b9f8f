// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scripts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ours } from './ours.ts';

/** Examples of the RFCs, with messages that meet each of their branches. */
interface Example {
  readonly from: string;
  readonly script: string;
  /** Header lines, or a whole message, and what becomes of it. */
  readonly messages: readonly (readonly [string, readonly string[]])[];
}

const EXAMPLES: readonly Example[] = [
  {
    from: 'RFC 5228 §9',
    script: `
      require ["fileinto"];
      # Handle messages from known mailing lists
      if header :is "Sender" "owner-ietf-mta-filters@imc.org"
              { fileinto "filter"; }
      # Keep all messages to or from people in my company
      elsif address :DOMAIN :is ["From", "To"] "example.com"
              { keep; }
      # Try and catch unsolicited email.
      elsif anyof (NOT address :all :contains ["To", "Cc", "Bcc"] "me@example.com",
                   header :matches "subject" ["*make*money*fast*", "*university*dipl*mas*"])
              { fileinto "spam"; }
      else { fileinto "personal"; }`,
    messages: [
      ['Sender: owner-ietf-mta-filters@imc.org', ['store filter']],
      ['From: boss@example.com', ['store INBOX']],
      ['From: x@y.org\r\nTo: you@y.org', ['store spam']],
      ['From: x@y.org\r\nTo: me@example.com\r\nSubject: $$$ MAKE MONEY FAST $$$', ['store INBOX']],
      ['From: x@y.org\r\nCc: me@example.com\r\nSubject: $$$ you, too, can MAKE MONEY FAST', ['store spam']],
      ['From: x@y.org\r\nBcc: me@example.com\r\nSubject: hello', ['store personal']],
    ],
  },
  {
    from: 'RFC 5228 §4.1, §4.2',
    script: `require "fileinto";
      if header :contains ["from"] "coyote" { discard; }
      elsif header :contains ["subject"] "$$$" { fileinto "INBOX.harassment"; }
      else { redirect "bart@example.com"; }`,
    messages: [
      ['From: coyote@desert.example.org', []],
      ['Subject: $$$', ['store INBOX.harassment']],
      ['Subject: x', ['redirect bart@example.com']],
    ],
  },
  {
    from: 'RFC 5228 §2.10.2 and §2.4.2.4',
    script: `require ["encoded-character", "fileinto"];
      if header :contains "Subject" "$\${hex:24 24}" { discard; }
      elsif header :is "Subject" "\${unicode:40}" { fileinto "at"; }`,
    messages: [
      ['Subject: money $$$', []],
      ['Subject: @', ['store at']],
      ['Subject: x', ['store INBOX']],
    ],
  },
  {
    from: 'RFC 5229 §3.2',
    script: `require ["fileinto", "variables"];
      if header :matches "List-ID" "*<*@*" { fileinto "INBOX.lists.\${2}"; }
      elsif header :matches "Subject" "[acme-*] [fwd] *" { fileinto "acme.\${1}"; }`,
    messages: [
      ['List-ID: The list <imap@lists.example>', ['store INBOX.lists.imap']],
      ['Subject: [acme-users] [fwd] version 1.0 is out', ['store acme.users']],
    ],
  },
  ...(
    [
      ['set "b" "${a}"', 'juMBlEd lETteRS'],
      ['set :length "b" "${a}"', '15'],
      ['set :lower "b" "${a}"', 'jumbled letters'],
      ['set :upperfirst "b" "${a}"', 'JuMBlEd lETteRS'],
      ['set :upperfirst :lower "b" "${a}"', 'Jumbled letters'],
      ['set :quotewildcard "b" "Rock*"', 'Rock\\*'],
    ] as const
  ).map(([command, value]) => ({
    from: `RFC 5229 §4.1, ${command}`,
    script: `require ["variables", "fileinto"]; set "a" "juMBlEd lETteRS"; ${command}; fileinto "\${b}";`,
    messages: [['Subject: x', [`store ${value}`]] as const],
  })),
  {
    from: 'RFC 5231 §7',
    script: `require ["relational", "comparator-i;ascii-numeric", "fileinto"];
      if header :value "lt" :comparator "i;ascii-numeric" ["x-priority"] ["3"] { fileinto "Priority"; }
      elsif address :count "gt" :comparator "i;ascii-numeric" ["to", "cc"] ["5"] { fileinto "SPAM"; }
      elsif allof (address :value "gt" :all ["from"] ["M"], address :value "le" :all ["from"] ["S"]) { fileinto "M2S"; }`,
    messages: [
      ['X-Priority: 1', ['store Priority']],
      ['X-Priority: 5\r\nTo: a@x, b@x, c@x\r\nCc: d@x, e@x, f@x', ['store SPAM']],
      ['From: nancy@example.com', ['store M2S']],
      ['From: zoe@example.com', ['store INBOX']],
    ],
  },
  {
    from: 'RFC 5232 §5 and §6',
    script: `require ["fileinto", "imap4flags", "relational", "comparator-i;ascii-numeric"];
      if header :contains "Disposition-Notification-To" "mel@example.com" { addflag "$MDNRequired"; }
      if header :contains "from" "imap@cac.washington.example.edu" { removeflag "$MDNRequired"; fileinto "INBOX.imap-list"; }
      if hasflag :count "ge" :comparator "i;ascii-numeric" "1" { addflag ["\\\\Flagged", "$x"]; }`,
    messages: [
      ['Disposition-Notification-To: mel@example.com', ['store INBOX [$mdnrequired $x \\flagged]']],
      ['From: imap@cac.washington.example.edu', ['store INBOX.imap-list']],
    ],
  },
  {
    from: 'RFC 5233 §4',
    script: `require ["envelope", "subaddress", "fileinto"];
      if envelope :detail "to" "mta-filters" { fileinto "inbox.ietf-mta-filters"; }
      if address :is :detail ["to", "cc"] "lists" { fileinto "lists"; }
      if not address :user "from" "ken" { fileinto "not-ken"; }`,
    messages: [
      ['To: bob+lists@rookery.example\r\nFrom: ken+sieve@example.org', ['store lists']],
      ['To: bob@rookery.example\r\nFrom: "ken+x"@example.org', ['store INBOX']],
      ['From: anna@example.org', ['store not-ken']],
    ],
  },
  {
    from: 'RFC 5173 §5',
    script: `require ["body", "fileinto"];
      if body :raw :contains "MAKE MONEY FAST" { discard; }
      elsif body :content "text" :contains ["missile", "coordinates"] { fileinto "secrets"; }
      elsif body :text :contains "project schedule" { fileinto "project/schedule"; }`,
    messages: [
      ['Subject: x\r\n\r\nYou can MAKE MONEY FAST!\r\n', []],
      ['Content-Type: text/html\r\n\r\n<b>missile</b>\r\n', ['store secrets']],
      ['Subject: x\r\n\r\nThe project schedule.\r\n', ['store project/schedule']],
    ],
  },
  {
    from: 'RFC 5260 §4 and §6',
    script: `require ["date", "relational", "fileinto", "index"];
      if allof (header :is "from" "boss@example.com", date :value "ge" :originalzone "date" "hour" "09",
                date :value "lt" :originalzone "date" "hour" "17") { fileinto "urgent"; }
      if anyof (date :is "received" "weekday" "0", date :is "received" "weekday" "6") { fileinto "weekend"; }
      if header :index 1 :contains "received" "first" { fileinto "first"; }`,
    messages: [
      ['From: boss@example.com\r\nDate: Fri, 6 Nov 2026 10:00:00 -0800', ['store urgent']],
      ['From: boss@example.com\r\nDate: Fri, 6 Nov 2026 18:00:00 -0800', ['store INBOX']],
      [
        'Received: by first; Sat, 7 Nov 2026 12:00:00 +0000\r\nReceived: by second; Fri, 6 Nov 2026 12:00:00 +0000',
        ['store first', 'store weekend'],
      ],
    ],
  },
  {
    from: 'RFC 5293 §4 and §5',
    script: `require ["editheader", "variables", "fileinto"];
      if header :matches "X-Caffeine" "*" { deleteheader "X-Caffeine"; addheader "X-Was" "\${1}"; }
      if header "X-Was" "C8H10N4O2" { fileinto "coffee"; }`,
    messages: [['X-Caffeine: C8H10N4O2', ['store coffee']]],
  },
  {
    from: 'RFC 5230 §4',
    script: `require "vacation";
      if header :contains "subject" "lunch" { discard; }
      else { vacation :days 23 :addresses ["tjs@example.edu", "ts4z@landru.example.edu"] "I'm away until October 19."; }`,
    messages: [
      ['To: ts4z@landru.example.edu\r\nSubject: hello', ['store INBOX', `vacation ${23 * 86_400}`]],
      ['To: somebody@else.example\r\nSubject: hello', ['store INBOX']],
      ['Subject: lunch', []],
    ],
  },
  {
    from: 'RFC 5429 §2.2 and RFC 3894 §3',
    script: `require ["reject", "copy", "fileinto"];
      if size :over 1K { reject text:
Your message is too big.
.
; }
      elsif header :contains "Subject" "copy" { redirect :copy "friend@example.com"; fileinto :copy "copies"; }`,
    messages: [
      [`Subject: ${'x'.repeat(900)}\r\nX: ${'y'.repeat(200)}`, ['reject']],
      ['Subject: copy', ['redirect friend@example.com', 'store INBOX', 'store copies']],
    ],
  },
  {
    from: 'RFC 5435 §8',
    script: `require ["enotify", "fileinto", "variables"];
      if header :contains "from" "boss@example.org" {
        notify :importance "1" :message "This is probably very important" "mailto:alm@example.com";
        stop;
      }
      if header :matches "Subject" "*" { set "subject" "\${1}"; }
      if valid_notify_method "mailto:cell@example.com" { notify :message "[SIEVE] \${subject}" "mailto:cell@example.com"; fileinto "told"; }`,
    messages: [
      ['From: boss@example.org', ['notify', 'store INBOX']],
      ['Subject: x', ['notify', 'store told']],
    ],
  },
];

describe('examples of the RFCs', () => {
  for (const { from, script, messages } of EXAMPLES)
    it(from, async () => {
      for (const [text, doings] of messages) {
        const whole = text.includes('\r\n\r\n') ? text : `${text}\r\n\r\nbody\r\n`;
        assert.deepEqual(await ours(script, Buffer.from(whole)), doings, text);
      }
    });
});
