import { describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import { passwordAuthentication } from '#testing';
import { converse, RecordingBackend, type SessionSettings } from '../kit.test.ts';

const BASE =
  'mx.test\n250-PIPELINING\n250-SIZE 52428800\n250-8BITMIME\n250-SMTPUTF8\n250-CHUNKING\n250-ENHANCEDSTATUSCODES';

describe('EHLO and LHLO', () => {
  const tls = () => createSecureContext({});
  const rows: readonly [string, SessionSettings, boolean, string, string][] = [
    ['smtp', {}, false, 'EHLO', `250-${BASE}\n250 DSN`],
    ['smtp without DSN', { dsn: false }, false, 'EHLO', `250-${BASE.replace('250-ENH', '250 ENH')}`],
    ['smtp with a certificate', { tls }, false, 'EHLO', `250-${BASE}\n250-DSN\n250 STARTTLS`],
    ['smtp under TLS', { tls, implicitTls: true }, true, 'EHLO', `250-${BASE}\n250 DSN`],
    ['submission in the clear', { mode: 'submission', tls }, true, 'EHLO', `250-${BASE}\n250-DSN\n250 STARTTLS`],
    [
      'submission under TLS',
      { mode: 'submission', tls, implicitTls: true },
      true,
      'EHLO',
      `250-${BASE}\n250-DSN\n250 AUTH PLAIN LOGIN`,
    ],
    [
      'submission that allows AUTH in the clear',
      { mode: 'submission', plainAuth: true },
      true,
      'EHLO',
      `250-${BASE}\n250-DSN\n250 AUTH PLAIN LOGIN`,
    ],
    ['submission with nobody to ask', { mode: 'submission', plainAuth: true }, false, 'EHLO', `250-${BASE}\n250 DSN`],
    ['lmtp', { mode: 'lmtp' }, false, 'LHLO', `250-${BASE}\n250 DSN`],
    [
      'a smaller limit',
      { limits: { messageBytesMax: 1000 } },
      false,
      'EHLO',
      `250-${BASE.replace('52428800', '1000')}\n250 DSN`,
    ],
  ];
  for (const [name, settings, authenticates, verb, expected] of rows)
    it(name, async () => {
      const backend = new RecordingBackend();
      if (authenticates)
        backend.authentication = passwordAuthentication(() => ({ accountId: '1', email: 'a@b.test', partnerId: 'p' }));
      await converse([[`${verb} c.test`, expected]], settings, backend);
    });

  it('LHLO is not of SMTP, nor EHLO of LMTP', async () => {
    await converse([['LHLO c.test', '500 5.5.1 Command not recognized']]);
    await converse([['EHLO c.test', '500 5.5.1 Command not recognized']], { mode: 'lmtp' });
  });
});
