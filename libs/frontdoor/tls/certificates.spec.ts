import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect, createServer } from 'node:tls';
import { silentLogger, systemRandom } from '#stdx';
import { SimulatedClock, temporaryDirectory } from '#testing';
import { storedCertificate, tlsServerOptions } from './certificates.ts';

const NAMES = ['localhost', 'mail.acme.test', '127.0.0.1'];

describe('the stored certificate', () => {
  it('is made once, kept, and made anew when it must be', async () => {
    using directory = temporaryDirectory();
    const clock = new SimulatedClock(Date.now());
    const get = (names = NAMES) => storedCertificate(directory.path, names, clock, systemRandom, silentLogger);
    const first = await get();
    assert.deepEqual((await get()).material, first.material);
    assert.equal(statSync(join(directory.path, 'key.pem')).mode & 0o777, 0o600);

    const parsed = new X509Certificate(first.material.certificate);
    assert.equal(parsed.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.equal(parsed.subjectAltName, 'DNS:localhost, DNS:mail.acme.test, IP Address:127.0.0.1');
    assert.equal(parsed.ca, false);

    const named = await get([...NAMES, 'other.test']);
    assert.notEqual(named.material.certificate, first.material.certificate);
    assert.deepEqual((await get()).material, named.material, 'it covers more than is asked');
    writeFileSync(join(directory.path, 'key.pem'), first.material.key);
    assert.notEqual((await get()).material.certificate, named.material.certificate, 'its key is another one');
    const before = readFileSync(join(directory.path, 'certificate.pem'), 'utf8');
    await clock.advance(370 * 86_400_000);
    assert.notEqual((await get()).material.certificate, before, 'it ends in 27 days');
  });

  it('is shown to clients with and without a server name', async () => {
    using directory = temporaryDirectory();
    const clock = new SimulatedClock(Date.now());
    const certificates = await storedCertificate(directory.path, NAMES, clock, systemRandom, silentLogger);
    const server = createServer(tlsServerOptions(certificates)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const servername of ['mail.acme.test', '']) {
      const ca = certificates.material.certificate;
      const socket = connect({ host: '127.0.0.1', port, ca, ...(servername ? { servername } : {}) });
      await once(socket, 'secureConnect');
      assert.equal(socket.authorized, true, String(socket.authorizationError));
      socket.destroy();
    }
    server.close();
  });
});
