import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createSecureContext } from 'node:tls';
import { ROUTES } from '#api-schema';
import { alertOnExpiry, findCluster, PostgresClusterState, revokedSerials } from '#cluster/postgres';
import { freePort, isPortTaken } from '#embedded';
import { present, RELEASE, silentLogger, systemClock, systemRandom } from '#stdx';
import { temporaryDirectory, until } from '#testing';
import {
  becomeMember,
  CertificateRenewal,
  ControlDoor,
  createAuthority,
  createRequest,
  decodeJoinToken,
  encodeJoinToken,
  issueCertificate,
  type Membership,
  MembershipFile,
  MemberTrust,
  memberCertificate,
  type Newcomer,
} from '#trust';
import { type ApiFixture, startFixture } from '../api-fixture.spec.ts';

const params = { cluster: 'shared' };
const endpoint = { host: '127.0.0.1', port: 7 };
const nodeNamed = (name: string): Newcomer => ({ role: 'node', name, control: endpoint, data: endpoint });

describe('joining', () => {
  let fixture: ApiFixture;
  let clusterId: string;
  const directories: Disposable[] = [];

  before(async () => {
    fixture = await startFixture({ ROOKERY_JOIN_PORT: String(await freePort()) });
    clusterId = present(await findCluster(fixture.database, 'shared'), 'the cluster').id;
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
    for (const directory of directories) directory[Symbol.dispose]();
  });

  const newFile = (): MembershipFile => {
    const directory = temporaryDirectory();
    directories.push(directory);
    return new MembershipFile(join(directory.path, 'state'));
  };
  const tokenFor = async (body: { role: 'hub' | 'node'; name?: string }): Promise<string> =>
    (await fixture.operator.done(ROUTES.createJoinToken, { params, body })).token;
  const forgetTokens = () => fixture.database.query('DELETE FROM join_token');
  const enter = (newcomer: Newcomer, token?: string, file = newFile()): Promise<Membership> =>
    becomeMember(file, newcomer, token, systemClock, silentLogger);
  const doorIsOpen = (token: string): Promise<boolean> => isPortTaken(decodeJoinToken(token).port, '127.0.0.1');
  const certificateOf = ({ certificate }: Membership) =>
    present(memberCertificate(new X509Certificate(certificate)), 'a member’s certificate');

  it('makes a node a member, once, with a certificate of its own, and closes the door behind it', async () => {
    const token = await tokenFor({ role: 'node' });
    assert.equal(await doorIsOpen(token), true);
    const file = newFile();
    const member = await enter(nodeNamed('node-1'), token, file);
    const { id: serverId, control } = await fixture.operator.done(ROUTES.showNode, {
      params: { ...params, node: 'node-1' },
    });
    assert.deepEqual([member.memberId, member.name, control], [serverId, 'node-1', endpoint]);
    const { role, memberId, clusterId: inCluster } = certificateOf(member);
    assert.deepEqual([role, memberId, inCluster], ['node', member.memberId, clusterId]);
    assert.equal(new X509Certificate(member.certificate).verify(new X509Certificate(member.authority).publicKey), true);
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    assert.deepEqual(member.services, { redisUrl: member.services.redisUrl }, 'a node is not told of the database');
    await until('the door to close', async () => !(await doorIsOpen(token)));
    // From now on it is what it was told, token or not.
    assert.deepEqual(await enter(nodeNamed('node-1'), undefined, file), member);
    const { items } = await fixture.operator.done(ROUTES.listJoinTokens, { params });
    assert.equal(items[0]?.state, 'used');
    assert.doesNotMatch(JSON.stringify(items), new RegExp(decodeJoinToken(token).secret));
    const state = new PostgresClusterState(clusterId, fixture.database, '', systemClock, silentLogger);
    const events = await state.events({ limit: 10 });
    assert.deepEqual(
      events.map(({ kind, subject }) => [kind, subject]),
      [['memberJoined', member.memberId]],
    );
  });

  it('tells a hub what it needs', async () => {
    const member = await enter({ role: 'hub', name: 'hub-1' }, await tokenFor({ role: 'hub' }));
    assert.match(member.services.databaseUrl ?? '', /^postgres/);
    assert.match(member.signingKey, /^[0-9a-f]{64,}$/);
  });

  it('lets one of two in that come with one token at once', async () => {
    const token = await tokenFor({ role: 'node' });
    // A second one keeps the door open whatever becomes of the first.
    await tokenFor({ role: 'node' });
    const outcomes = await Promise.allSettled([enter(nodeNamed('twin-1'), token), enter(nodeNamed('twin-2'), token)]);
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const { items } = await fixture.operator.done(ROUTES.listNodes, { params });
    assert.equal(items.filter(({ name }) => name.startsWith('twin')).length, 1);
  });

  it('refuses', async () => {
    const used = await tokenFor({ role: 'node' });
    const open = await tokenFor({ role: 'node' });
    await enter(nodeNamed('first'), used);
    await assert.rejects(enter(nodeNamed('again'), used), /unknown, used or expired/, 'a token used before');
    await assert.rejects(enter(nodeNamed('first'), open), /needs a token with its name/, 'the place of another');
    await assert.rejects(enter({ role: 'hub', name: 'h' }, open), /for a node/, 'another role, before it asks');
    const posing = encodeJoinToken({ ...decodeJoinToken(open), role: 'hub' });
    await assert.rejects(enter({ role: 'hub', name: 'h' }, posing), /for a node/, 'another role, at the door');
    const guess = encodeJoinToken({ ...decodeJoinToken(open), secret: 'A'.repeat(43) });
    await assert.rejects(enter(nodeNamed('g'), guess), /unknown, used or expired/, 'a guess');
    await fixture.database.query(`UPDATE join_token SET expires_at = now() WHERE used_at IS NULL`);
    const fresh = await tokenFor({ role: 'node' });
    await assert.rejects(enter(nodeNamed('late'), open), /unknown, used or expired/, 'an expired token');
    assert.ok(await enter(nodeNamed('late'), fresh), 'what was refused used nothing up');
    await assert.rejects(enter(nodeNamed('n')), /ROOKERY_JOIN_TOKEN/, 'no token at all');
    await assert.rejects(enter(nodeNamed('n'), 'rookery-join-1.e30'), /damaged/, 'a damaged token');
  });

  it('takes a token back', async () => {
    await forgetTokens();
    const { id, token } = await fixture.operator.done(ROUTES.createJoinToken, { params, body: { role: 'node' } });
    await fixture.operator.done(ROUTES.deleteJoinToken, { params: { ...params, joinToken: id } });
    assert.equal(await doorIsOpen(token), false);
    assert.equal(
      await fixture.operator.refused(ROUTES.deleteJoinToken, { params: { ...params, joinToken: id } }),
      'join_token_not_found',
    );
  });

  it('closes the door when the last token expires', async () => {
    await forgetTokens();
    const token = await tokenFor({ role: 'node' });
    await fixture.database.query(`UPDATE join_token SET expires_at = now() + interval '200 ms'`);
    await until('the door to close', async () => !(await doorIsOpen(token)));
  });

  it('gives a named place anew and revokes what stood there', async () => {
    const file = newFile();
    const former = await enter(nodeNamed('replaced'), await tokenFor({ role: 'node' }), file);
    const present = await enter(nodeNamed('whatever'), await tokenFor({ role: 'node', name: 'replaced' }));
    assert.deepEqual([present.memberId, present.name], [former.memberId, 'replaced']);
    assert.ok((await revokedSerials(fixture.database, clusterId)).includes(certificateOf(former).serial));
    assert.equal((await revokedSerials(fixture.database, clusterId)).includes(certificateOf(present).serial), false);
  });

  it('takes a hub out at once, and does not let it back by itself', async () => {
    const member = await enter({ role: 'hub', name: 'hub-out' }, await tokenFor({ role: 'hub' }));
    const state = new PostgresClusterState(clusterId, fixture.database, '', systemClock, silentLogger);
    const beat = { id: member.memberId, name: 'hub-out', relay: endpoint, ...RELEASE, sessions: 0 };
    await state.heartbeatHub(beat);
    assert.ok(await state.acquireLeadership(member.memberId, 60_000));
    await fixture.operator.done(ROUTES.deleteHub, { params: { ...params, hub: 'hub-out' } });
    assert.ok((await revokedSerials(fixture.database, clusterId)).includes(certificateOf(member).serial));
    await assert.rejects(state.heartbeatHub(beat), /no longer one/);
    assert.equal(await state.acquireLeadership(member.memberId, 60_000), undefined);
    assert.equal(
      await fixture.operator.refused(ROUTES.deleteHub, { params: { ...params, hub: 'hub-out' } }),
      'hub_not_found',
    );
  });

  it('tells of certificates that end soon, and that have ended, once each', async () => {
    const member = await enter(nodeNamed('ending'), await tokenFor({ role: 'node' }));
    const { serial } = certificateOf(member);
    const endIn = (ms: number) =>
      fixture.database.query(
        `UPDATE member_certificate SET not_after = now() + $2 * interval '1 ms' WHERE serial = $1`,
        [serial, ms],
      );
    assert.equal(await alertOnExpiry(fixture.database, 60_000), 0);
    await endIn(30_000);
    assert.deepEqual(
      [await alertOnExpiry(fixture.database, 60_000), await alertOnExpiry(fixture.database, 60_000)],
      [1, 0],
    );
    await endIn(-1);
    assert.deepEqual(
      [await alertOnExpiry(fixture.database, 60_000), await alertOnExpiry(fixture.database, 60_000)],
      [1, 0],
    );
    const events = await fixture.operator.done(ROUTES.listClusterEvents, { params, query: { limit: 1_000 } });
    const told = events.items.filter(({ subject }) => subject === member.memberId).map(({ kind }) => kind);
    assert.deepEqual(told, ['memberJoined', 'certificateExpiring', 'certificateExpired']);
  });

  it('says nothing to a man in the middle who has another authority', async () => {
    const token = await tokenFor({ role: 'node' });
    const heard: unknown[] = [];
    const mitm = await impostor(clusterId, heard);
    const led = encodeJoinToken({ ...decodeJoinToken(token), port: mitm.port });
    await assert.rejects(enter(nodeNamed('led'), led), /another cluster/);
    assert.deepEqual(heard, []);
    await mitm.door.close();
  });

  it('keeps the authority’s key sealed', async () => {
    const [row] = await fixture.database.query<{ sealed_key: Buffer }>('SELECT sealed_key FROM cluster_authority');
    assert.equal(row?.sealed_key.includes(Buffer.from('PRIVATE KEY')), false);
  });

  describe('renewal', () => {
    async function aged(file: MembershipFile, member: Membership, lifeMs: number): Promise<Membership> {
      await fixture.database.query(
        "UPDATE member_certificate SET not_after = now() + $2 * interval '1 ms' WHERE serial = $1",
        [certificateOf(member).serial, lifeMs],
      );
      await file.write(member);
      return member;
    }
    /** As seen by somebody whose clock is 25 days ahead: what is left of a month is no third. */
    const later = { ...systemClock, now: () => Date.now() + 25 * 86_400_000 };

    it('gets a new key and certificate in good time, and not before', async () => {
      const file = newFile();
      const member = await aged(file, await enter(nodeNamed('renewing'), await tokenFor({ role: 'node' }), file), 1);
      const trust = new MemberTrust(member, systemClock, silentLogger);
      await new CertificateRenewal(member, file, trust, systemClock, silentLogger).look();
      assert.deepEqual(await file.read(), member);
      await new CertificateRenewal(member, file, trust, later, silentLogger).look();
      const renewed = present(await file.read(), 'the file');
      assert.notEqual(renewed.key, member.key);
      assert.equal(certificateOf(renewed).memberId, member.memberId);
      assert.notEqual(certificateOf(renewed).serial, certificateOf(member).serial);
    });

    it('is refused to a member that was removed', async () => {
      const file = newFile();
      const member = await enter(nodeNamed('removed'), await tokenFor({ role: 'node' }), file);
      await fixture.operator.done(ROUTES.deleteNode, { params: { ...params, node: 'removed' } });
      assert.ok((await revokedSerials(fixture.database, clusterId)).includes(certificateOf(member).serial));
      const said: string[] = [];
      const logger = { ...silentLogger, warn: (fields: object) => void said.push(JSON.stringify(fields)) };
      const trust = new MemberTrust(member, systemClock, silentLogger);
      await new CertificateRenewal(member, file, trust, later, logger).look();
      assert.match(said.join(), /revoked or unknown/);
    });
  });

  /** A door that looks right in everything but its authority. */
  async function impostor(cluster: string, heard: unknown[]) {
    const authority = await createAuthority(cluster, systemClock, systemRandom);
    const { key, request } = await createRequest();
    const identity = { clusterId: cluster, role: 'control' as const, memberId: 'm' };
    const { certificate } = await issueCertificate(authority, request, identity, 60_000, systemClock, systemRandom);
    const cert = `${certificate}\n${authority.certificate}`;
    const context = createSecureContext({ cert, key, minVersion: 'TLSv1.3' });
    const answer = async ({ body }: { body: unknown }) => heard.push(body);
    const door = new ControlDoor(async () => context, answer, { membersOnly: false }, silentLogger);
    return { door, port: await door.open('127.0.0.1', 0) };
  }
});

describe('the member’s file', () => {
  it('is told to be unreadable when it is', async () => {
    using directory = temporaryDirectory();
    const file = new MembershipFile(directory.path);
    assert.equal(await file.read(), undefined);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file.path, '{');
    await assert.rejects(file.read(), /cannot be read/);
    assert.equal(readFileSync(file.path, 'utf8'), '{');
  });
});
