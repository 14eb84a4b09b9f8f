// The import law of docs/ARCHITECTURE.md: every rule has a name and a sentence of why.
// Imports between libs are written `#lib/room`; tsconfig.law.json says which folder that is.
const ENGINES = 'mailstore|directory|cluster';
const law = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const TESTS = '[.](spec|test)[.]ts$';

module.exports = {
  forbidden: [
    law('no-cycle', 'Two files in a cycle are one file.', {}, { circular: true }),
    law(
      'stdx-stands-alone',
      'The ground floor rests on nothing of ours.',
      { path: '^libs/stdx/', pathNot: TESTS },
      { path: '^(libs/(?!stdx/)|apps/|web/|migrations/)' },
    ),
    law(
      'protocol-is-pure',
      'Wire code turns bytes into values and back.',
      { path: '^libs/protocol/', pathNot: TESTS },
      { path: '^(libs/(?!stdx/|protocol/)|apps/|web/|migrations/)' },
    ),
    law(
      'protocol-no-io',
      'It opens no socket, file or timer.',
      { path: '^libs/protocol/', pathNot: TESTS },
      { dependencyTypes: ['core'], path: '^(node:)?(net|tls|fs|dns|https?|timers)' },
    ),
    law(
      'protocol-siblings',
      'Protocols meet only in message and sasl.',
      { path: '^libs/protocol/([^/]+)/' },
      { path: '^libs/protocol/', pathNot: '^libs/protocol/($1|message|sasl)/' },
    ),
    law(
      'engine-below-protocol',
      'A store knows RFC 5322, not IMAP or JMAP; the directory keeps of a password what SASL asks for.',
      { path: `^libs/(${ENGINES})/`, pathNot: '^libs/cluster/control/' },
      { path: '^(libs/(server|frontdoor|queue|relay|billing|mailauth)/|libs/protocol/(?!message/|sasl/)|apps/)' },
    ),
    law(
      'engine-rooms',
      'Rooms of one engine meet in its api.',
      { path: `^libs/(${ENGINES})/([^/]+)/`, pathNot: TESTS },
      { path: '^libs/$1/', pathNot: '^libs/$1/(api|$2)/' },
    ),
    law(
      'engines-meet-at-ports',
      'One engine sees another through its api.',
      { path: `^libs/(${ENGINES})/` },
      { path: `^libs/(${ENGINES})/(?!api/)`, pathNot: '^libs/$1/' },
    ),
    law(
      'ports-only',
      'Everything above an engine sees its api and nothing else.',
      { path: '^libs/(server|frontdoor|queue|relay|mailauth|metering|billing|alerting)/', pathNot: TESTS },
      { path: `^libs/(${ENGINES})/(?!api/)` },
    ),
    law(
      'server-siblings',
      'POP3 does not import IMAP.',
      { path: '^libs/server/([^/]+)/' },
      { path: '^libs/server/', pathNot: '^libs/server/$1/' },
    ),
    law(
      'mail-knows-no-business',
      'Protocol servers know accounts, not customers.',
      { path: '^libs/(server|frontdoor|queue|relay|mailauth)/' },
      { path: '^libs/billing/' },
    ),
    law(
      'business-knows-no-wire',
      'Billing learns of mail by events and ids.',
      { path: '^libs/(metering|billing)/' },
      { path: '^libs/(protocol|server|frontdoor|queue|relay|mailauth|mailstore)/' },
    ),
    law(
      'rating-is-pure',
      'The same usage and prices give the same bill, for ever.',
      { path: '^libs/billing/rating/', pathNot: TESTS },
      { path: '^libs/(?!stdx/|billing/rating/)|node_modules' },
    ),
    law(
      'stripe-in-its-room',
      'Who collects our money can be changed in one place.',
      { path: '^(libs|apps)/', pathNot: ['^libs/billing/stripe/', TESTS] },
      { path: '(^|/)node_modules/stripe/' },
    ),
    law(
      'billing-sees-ports',
      'Invoices and ledger know ports: to charge, to mail, to call; not who is behind them.',
      { path: '^libs/billing/(?!stripe/|stripe-sandbox/|delivery/)', pathNot: TESTS },
      { path: '^libs/billing/(stripe|stripe-sandbox|delivery)/' },
    ),
    law(
      'hub-holds-no-mail',
      'The front door authenticates, places and splices.',
      { path: '^apps/hub/' },
      { path: '^libs/(mailstore|queue|server/imap)/' },
    ),
    law(
      'apps-are-islands',
      'Apps meet on the network.',
      { path: '^apps/([^/]+)/' },
      { path: '^apps/', pathNot: '^apps/$1/' },
    ),
    law(
      'nest-in-apps-only',
      'Decorators live at the composition root.',
      { path: '^(libs|migrations)/' },
      { path: '(^|/)node_modules/@nestjs/' },
    ),
    law(
      'web-shares-schema-only',
      'A browser shares the API schema, not code.',
      { path: '^web/' },
      { path: '^(apps/|libs/(?!api-schema/))' },
    ),
    law(
      'schema-stands-alone',
      'The browser loads it: it knows zod and nothing of ours.',
      { path: '^libs/api-schema/', pathNot: TESTS },
      { path: '^(libs/(?!api-schema/)|apps/)' },
    ),
    law(
      'front-door-only',
      'A library is entered by its index.',
      {
        path: '^(libs/(?:protocol|server|billing|mailstore|directory|cluster)/[^/]+|libs/[^/]+|apps/[^/]+|migrations)/',
      },
      { path: '^libs/', pathNot: ['^$1/', '/index[.]ts$'] },
    ),
    law(
      'test-kit-in-tests-only',
      'Production code never leans on the test kit.',
      { path: '^(apps|libs|web|migrations)/', pathNot: [TESTS, '^libs/testing/', '/contract/'] },
      { path: '^(libs/testing|libs/[^/]+/contract|conformance|simulator)/' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules|[.]rookery)/' },
    tsConfig: { fileName: 'tsconfig.law.json' },
    tsPreCompilationDeps: true,
  },
};
