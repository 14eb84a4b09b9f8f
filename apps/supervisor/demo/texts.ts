/** The words of the demo's mail. Every organisation is invented; every domain is reserved for examples (RFC 2606). */

interface Turn {
  readonly from: string;
  /** Local parts of demo users, or whole addresses. */
  readonly to: readonly string[];
  readonly text: string;
}

export const CONVERSATIONS: readonly { readonly subject: string; readonly turns: readonly Turn[] }[] = [
  {
    subject: 'Moving the library catalogue',
    turns: [
      {
        from: 'Grace Okafor <grace@partner.example>',
        to: ['ada', 'ben'],
        text: 'Dear both,\r\n\r\nthe catalogue has 41,000 records and the old server is noisy. Can we move it before the holidays?\r\n\r\nGrace\r\n',
      },
      {
        from: 'Tomás Herrera <tomas@partner.example>',
        to: ['ada', 'ben'],
        text: 'I could export on Thursday night.\r\n\r\n> the catalogue has 41,000 records\r\n\r\n41,386 by my count.\r\n',
      },
      {
        from: 'Grace Okafor <grace@partner.example>',
        to: ['ada', 'ben', 'chloe'],
        text: 'Thursday it is. Chloe, would you check the authors with diacritics afterwards? Dvořák and Čapek came out wrong last time.\r\n',
      },
    ],
  },
  {
    subject: 'Grüße aus Zürich – Treffen im Dezember',
    turns: [
      {
        from: 'Jürgen Müller <juergen@buero.example>',
        to: ['chloe'],
        text: 'Liebe Chloe,\r\n\r\nich bin vom 3. bis 5. Dezember in der Stadt. Hättest du Zeit für einen Kaffee? Fünf Minuten vom Bahnhof gibt es ein schönes Café.\r\n\r\nViele Grüße\r\nJürgen\r\n',
      },
      {
        from: 'Jürgen Müller <juergen@buero.example>',
        to: ['chloe'],
        text: 'Nachtrag: der 4. passt mir am besten, 15:30 Uhr.\r\n',
      },
    ],
  },
  {
    subject: '来週の打ち合わせについて',
    turns: [
      {
        from: '佐藤 花子 <hanako@tsubame.example>',
        to: ['ben'],
        text: 'ベン様\r\n\r\nお世話になっております。来週火曜日の打ち合わせは午後二時でよろしいでしょうか。\r\n\r\n佐藤\r\n',
      },
      {
        from: '田中 一郎 <ichiro@tsubame.example>',
        to: ['ben'],
        text: '会議室は三階に変更になりました。よろしくお願いいたします。\r\n',
      },
      {
        from: '佐藤 花子 <hanako@tsubame.example>',
        to: ['ben', 'ada'],
        text: '承知しました。資料は当日お持ちします。📎\r\n',
      },
    ],
  },
  {
    subject: 'موعد التسليم',
    turns: [
      {
        from: 'ليلى حداد <layla@waha.example>',
        to: ['ada'],
        text: 'مرحبا آدا،\r\n\r\nهل يناسبك أن نسلم المسودة يوم الأحد؟\r\n\r\nليلى\r\n',
      },
    ],
  },
  {
    subject: 'Roof repair, second quotation',
    turns: [
      {
        from: 'Brightwater Roofing <office@brightwater.example>',
        to: ['ada', 'chloe'],
        text: 'Good morning,\r\n\r\nour second quotation is 3,480.00 for slate and 2,910.00 for tile, scaffolding included. It holds until the end of the month.\r\n',
      },
      {
        from: 'Brightwater Roofing <office@brightwater.example>',
        to: ['ada', 'chloe'],
        text: 'We forgot to say: the work takes four dry days.\r\n',
      },
    ],
  },
];

export const NEWSLETTERS: readonly {
  readonly from: string;
  readonly list: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}[] = [
  {
    from: 'The Slow Press <letters@slowpress.example>',
    list: 'letters.slowpress.example',
    subject: 'Letters worth waiting for – No. 41',
    text: 'This week: how a village kept its post office, and a recipe for quince paste.\r\n',
    html: '<h1>Letters worth waiting for</h1><p>This week: <b>how a village kept its post office</b>, and a recipe for quince paste.</p><ol><li>The counter</li><li>The van</li><li>The quinces</li></ol>',
  },
  {
    from: 'Harbour Weather <warnings@harbour.example>',
    list: 'warnings.harbour.example',
    subject: '⚠️ Gale warning, Tuesday night',
    text: 'South-west 8, gusting 10. Boats should be moved before dusk.\r\n',
    html: '<p style="color:#a00"><strong>South-west 8, gusting 10.</strong></p><p>Boats should be moved before dusk.</p><table border="1"><tr><th>Hour</th><th>Wind</th></tr><tr><td>18:00</td><td>7</td></tr><tr><td>21:00</td><td>8</td></tr></table>',
  },
  {
    from: 'Théâtre du Nord <billetterie@theatre.example>',
    list: 'billetterie.theatre.example',
    subject: 'La saison d’hiver est ouverte : réservez',
    text: 'Trois créations, deux reprises et un bal. Les réservations sont ouvertes.\r\n',
    html: '<h2>La saison d’hiver</h2><p>Trois créations, deux reprises et <em>un bal</em>.</p><p><a href="https://theatre.example/saison">Réserver</a></p>',
  },
  {
    from: 'Open Tools Digest <digest@opentools.example>',
    list: 'digest.opentools.example',
    subject: 'Digest: parsers, clocks and other sharp things',
    text: 'Seven articles about time zones, and one about why there are not eight.\r\n',
    html: '<ul><li>Seven articles about <code>time zones</code></li><li>One about why there are not eight</li></ul>',
  },
  {
    from: 'Allotment Society <secretary@allotments.example>',
    list: 'members.allotments.example',
    subject: 'Winter meeting: minutes & seed list',
    text: 'Minutes of the winter meeting. Beans: 14 packets. Kale: 9. Leeks: none, sadly.\r\n',
    html: '<p>Minutes of the winter meeting.</p><p>Beans: 14 packets. Kale: 9. Leeks: none, sadly.</p>',
  },
];

export const NOTES: readonly { readonly from: string; readonly subject: string; readonly text: string }[] = [
  {
    from: 'Parcel Desk <no-reply@parcels.example>',
    subject: 'Your parcel 8841 is at the desk',
    text: 'Please bring a document with your name on it. The desk is open until 18:00.\r\n',
  },
  {
    from: 'Ngozi Adeyemi <ngozi@adeyemi.example>',
    subject: 'Photographs',
    text: 'I found the box! All the negatives are there, even the ones from the lighthouse.\r\n',
  },
  {
    from: 'Utility Billing <billing@power.example>',
    subject: 'Your reading for November',
    text: 'Reading: 48,213 kWh. Nothing to pay: your account is 12.40 in credit.\r\n',
  },
  {
    from: 'Olena Kovalenko <olena@kovalenko.example>',
    subject: 'Дякую за книгу',
    text: 'Привіт! Книга надійшла сьогодні, дуже дякую. Почну читати у вихідні.\r\n',
  },
  {
    from: 'Dr. R. Castellanos <reception@clinic.example>',
    subject: 'Reminder: appointment on the 2nd',
    text: 'This is a reminder of your appointment on the 2nd at 08:40. Reply to this message to change it.\r\n',
  },
  {
    from: 'Wei Chen <wei@chen.example>',
    subject: '新年快乐(有点早)',
    text: '先祝你们新年快乐!今年的月历已经寄出了。\r\n',
  },
  {
    from: 'Lost & Found <desk@station.example>',
    subject: 'One umbrella, green',
    text: 'We believe this is yours. It has been drying since Monday.\r\n',
  },
  {
    from: 'Sofia Papadaki <sofia@papadaki.example>',
    subject: 'Σχέδια για το Πάσχα',
    text: 'Γεια σου, σκεφτόμαστε να πάμε στο νησί. Θέλεις να έρθεις μαζί μας;\r\n',
  },
  {
    from: 'Build Server <builds@ci.example>',
    subject: '[build] main is green again',
    text: 'Build 2,207 passed in 6 min 12 s.\r\n\r\n  unit        1,482 passed\r\n  conformance   391 passed\r\n',
  },
  {
    from: 'Marta Nowak <marta@nowak.example>',
    subject: 'Zaległa faktura – już zapłacona',
    text: 'Cześć, faktura została opłacona wczoraj. Przepraszam za opóźnienie!\r\n',
  },
  {
    from: 'Choir <choir@stmarks.example>',
    subject: 'No rehearsal this Wednesday',
    text: 'The boiler has views of its own. We meet again next week, in coats.\r\n',
  },
  {
    from: 'Idris Bello <idris@bello.example>',
    subject:
      'A very long subject line that goes on past the point where a header has to be folded so that every reader of mail along the way can show that it unfolds it again',
    text: 'Just checking.\r\n',
  },
];
