import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls, type Server, type TLSSocket } from 'node:tls';
import { seededRandom, silentLogger, systemClock, systemRandom } from '#stdx';
import {
  type Authority,
  CertificateRequestError,
  createAuthority,
  createRequest,
  fingerprintOf,
  issueCertificate,
} from './certificates.ts';
import type { MemberRole } from './identity.ts';
import { decodeJoinToken, encodeJoinToken, JoinTokenError } from './join-token.ts';
import { MemberTrust } from './member-trust.ts';
import { SealError, SealKey } from './seal.ts';

const CLUSTER = 'c1';
const DAY_MS = 86_400_000;

async function credentials(
  authority: Authority,
  role: MemberRole,
  memberId: string,
  options: { readonly lifeMs?: number; readonly clusterId?: string; readonly believes?: Authority } = {},
) {
  const { lifeMs = DAY_MS, clusterId = CLUSTER, believes = authority } = options;
  const { key, request } = await createRequest();
  const identity = { clusterId, role, memberId };
  const { certificate } = await issueCertificate(authority, request, identity, lifeMs, systemClock, systemRandom);
  return { authority: believes.certificate, certificate, key };
}

describe('mutual TLS between members', () => {
  let authority: Authority;
  let other: Authority;
  let node: MemberTrust;
  let server: Server;
  let port: number;
  const served: string[] = [];
  const now = { ms: 0 };
  const clock = { now: () => Date.now() + now.ms };

  const member = async (...given: Parameters<typeof credentials>): Promise<MemberTrust> =>
    new MemberTrust(await credentials(...given), clock, silentLogger);

  before(async () => {
    authority = await createAuthority(CLUSTER, systemClock, systemRandom);
    other = await createAuthority('c2', systemClock, systemRandom);
    node = await member(authority, 'node', 'n1');
    server = node.createServer(['hub', 'control'], (socket, peer) => {
      served.push(`${peer.role} ${peer.memberId}`);
      socket.on('error', () => {});
      socket.on('data', (chunk) => socket.write(chunk));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  after(() => server.close());

  const to = (memberId = 'n1', role: MemberRole = 'node') => ({ role, memberId, host: '127.0.0.1', port });
  async function echo(socket: TLSSocket): Promise<string> {
    socket.on('error', () => {});
    const closed = once(socket, 'close').then(() => 'closed');
    const said = once(socket, 'secureConnect').then(async () => {
      socket.write('hello');
      return String((await once(socket, 'data'))[0]);
    });
    try {
      return await Promise.race([said, closed]);
    } catch (error) {
      return (error as Error & { code?: string }).code ?? String(error);
    } finally {
      said.catch(() => {});
      socket.destroy();
    }
  }

  it('carries bytes between members that are who they say', async () => {
    const hub = await member(authority, 'hub', 'h1');
    assert.equal(await echo(hub.connect(to())), 'hello');
    assert.equal(served.at(-1), 'hub h1');
  });

  it('resumes sessions and knows the peer all the same', async () => {
    const hub = await member(authority, 'hub', 'h-again');
    assert.equal(await echo(hub.connect(to())), 'hello');
    const second = hub.connect(to());
    let reused = false;
    second.once('secureConnect', () => {
      reused = second.isSessionReused();
    });
    assert.equal(await echo(second), 'hello');
    assert.equal(reused, true);
    assert.equal(served.at(-1), 'hub h-again');
  });

  it('reads into the buffer that is given', async () => {
    const hub = await member(authority, 'hub', 'h-reads');
    const buffer = Buffer.alloc(64);
    const read = Promise.withResolvers<string>();
    const socket = hub.connect(to(), {
      buffer: () => buffer,
      callback: (length) => {
        read.resolve(buffer.toString('latin1', 0, length));
        return true;
      },
    });
    await once(socket, 'secureConnect');
    socket.write('hello');
    assert.equal(await read.promise, 'hello');
    socket.destroy();
  });

  const strangers: readonly [string, () => Promise<MemberTrust>, RegExp][] = [
    ['a forged certificate', () => member(other, 'hub', 'h1', { believes: authority }), /closed|RESET/],
    ['another cluster’s member', () => member(other, 'hub', 'h1', { clusterId: 'c2' }), /SELF_SIGNED|UNABLE|closed/],
    [
      'a certificate of the right authority for another cluster',
      () => member(authority, 'hub', 'h', { clusterId: 'c9' }),
      /REFUSED/,
    ],
    ['a role that has no business here', () => member(authority, 'node', 'n2'), /closed|RESET/],
    ['an expired certificate', () => member(authority, 'hub', 'h1', { lifeMs: -1_000 }), /closed|RESET/],
  ];
  for (const [what, make, outcome] of strangers) {
    it(`refuses ${what}`, async () => {
      const before = served.length;
      const stranger = await make();
      assert.match(await echo(stranger.connect(to())), outcome);
      assert.equal(served.length, before);
    });
  }

  it('refuses who has no certificate, and who speaks no TLS', async () => {
    const before = served.length;
    const bare = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
    assert.match(await echo(bare), /closed|ALERT|RESET/);
    const plain = connectTcp(port, '127.0.0.1');
    plain.on('error', () => {});
    plain.write('ROOKERY/1 x\r\n');
    await once(plain, 'close');
    assert.equal(served.length, before);
  });

  it('refuses to talk to another member than it wants', async () => {
    const hub = await member(authority, 'hub', 'h1');
    assert.equal(await echo(hub.connect(to('n2'))), 'ERR_PEER_REFUSED');
    assert.equal(await echo(hub.connect(to('n1', 'hub'))), 'ERR_PEER_REFUSED');
  });

  it('refuses a revoked certificate, also in a resumed session, and ends its connections', async () => {
    const hub = await member(authority, 'hub', 'revoked');
    assert.equal(await echo(hub.connect(to())), 'hello');
    const standing = hub.connect(to());
    standing.on('error', () => {});
    await once(standing, 'secureConnect');
    standing.write('x');
    await once(standing, 'data');
    node.refuse([hub.self.serial]);
    await once(standing, 'close');
    assert.match(await echo(hub.connect(to())), /closed|RESET/);
  });

  it('ends connections it has made, resumed ones too, when the other end is revoked', async () => {
    const hub = await member(authority, 'hub', 'h1');
    assert.equal(await echo(hub.connect(to())), 'hello');
    const standing = hub.connect(to());
    standing.on('error', () => {});
    await once(standing, 'secureConnect');
    assert.equal(standing.isSessionReused(), true);
    const closed = new Promise((resolve) => standing.once('close', resolve));
    hub.refuse([node.self.serial]);
    await closed;
    assert.equal(await echo(hub.connect(to())), 'ERR_PEER_REFUSED');
  });

  it('refuses a session that is resumed after its certificate has ended', async () => {
    const hub = new MemberTrust(
      await credentials(authority, 'hub', 'aging', { lifeMs: 60_000 }),
      systemClock,
      silentLogger,
    );
    assert.equal(await echo(hub.connect(to())), 'hello');
    now.ms = 120_000;
    const resumed = hub.connect(to());
    assert.match(await echo(resumed), /closed|RESET/);
    now.ms = 0;
  });

  it('shows a renewed certificate without a new server', async () => {
    const hub = await member(authority, 'hub', 'h1');
    const first = hub.connect(to());
    assert.equal(await echo(first), 'hello');
    const before = node.self.serial;
    node.renew(await credentials(authority, 'node', 'n1'));
    const { authority: ca, certificate: cert, key } = await credentials(authority, 'hub', 'h2');
    let shown: string | undefined;
    const second = connectTls({
      ...{ host: '127.0.0.1', port, ca, cert, key },
      checkServerIdentity: (_name, { serialNumber }) => {
        shown = serialNumber.toLowerCase();
        return undefined;
      },
    });
    await once(second, 'secureConnect');
    assert.equal(shown, node.self.serial);
    assert.notEqual(node.self.serial, before);
    second.destroy();
  });
});

describe('requests', () => {
  it('are refused when they are none, or say another key', async () => {
    const authority = await createAuthority(CLUSTER, systemClock, systemRandom);
    const identity = { clusterId: CLUSTER, role: 'hub' as const, memberId: 'h' };
    const { request } = await createRequest();
    const body = request.split('\n').slice(1, -1).join('');
    const bytes = Buffer.from(body, 'base64');
    bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
    for (const pem of ['', 'x', forged, authority.certificate])
      await assert.rejects(
        issueCertificate(authority, pem, identity, DAY_MS, systemClock, systemRandom),
        CertificateRequestError,
      );
    assert.match(fingerprintOf(authority.certificate), /^[0-9a-f]{64}$/);
  });
});

describe('join tokens', () => {
  const token = {
    clusterId: CLUSTER,
    role: 'node' as const,
    host: 'api.example',
    port: 2603,
    fingerprint: 'ab'.repeat(32),
    secret: 'S'.repeat(43),
  };

  it('are read as they were written', () => assert.deepEqual(decodeJoinToken(encodeJoinToken(token)), token));

  it('are refused when anything is missing, whatever is changed', () => {
    const text = encodeJoinToken(token);
    const random = seededRandom(3);
    for (let round = 0; round < 2_000; round++) {
      const cut = text.slice(0, Math.floor(random.fraction() * text.length));
      const at = Math.floor(random.fraction() * text.length);
      const changed = text.slice(0, at) + String.fromCharCode(33 + random.fraction() * 90) + text.slice(at + 1);
      assert.throws(() => decodeJoinToken(cut), JoinTokenError);
      try {
        decodeJoinToken(changed);
      } catch (error) {
        assert.ok(error instanceof JoinTokenError, String(error));
      }
    }
  });
});

describe('the seal', () => {
  it('opens for the same key and subject alone', () => {
    const seal = new SealKey(Buffer.alloc(32, 1));
    const sealed = seal.seal('secret', 'about', systemRandom);
    assert.equal(seal.open(sealed, 'about'), 'secret');
    assert.throws(() => seal.open(sealed, 'else'), SealError);
    assert.throws(() => new SealKey(Buffer.alloc(32, 2)).open(sealed, 'about'), SealError);
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    assert.throws(() => seal.open(sealed, 'about'), SealError);
  });
});
