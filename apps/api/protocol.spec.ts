import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { ROUTES } from '#api-schema';
import { SimulatedClock, until } from '#testing';
import { type ApiFixture, Caller, startFixture } from './api-fixture.spec.ts';

/** Asked by hand: fetch adds Cache-Control: no-cache to a conditional request, which asks for the whole answer. */
const statusOf = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    get(url, { headers }, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });

const JSON_TYPE = { 'content-type': 'application/json' };

describe('the API’s manners', () => {
  let fixture: ApiFixture;
  let operator: Caller;
  before(async () => {
    fixture = await startFixture({ ROOKERY_API_BODY_BYTES_MAX: '2048' });
    operator = fixture.operator;
  });
  after(() => fixture[Symbol.asyncDispose]());

  const refused: readonly (readonly [string, string, string, RequestInit, string])[] = [
    ['no such path', 'GET', '/api/v1/nothing', {}, 'route_not_found'],
    ['no such path above', 'GET', '/elsewhere', {}, 'route_not_found'],
    [
      'a method the path has not',
      'PUT',
      '/api/v1/partners/owner',
      { body: '{}', headers: JSON_TYPE },
      'method_not_allowed',
    ],
    ['half a body', 'POST', '/api/v1/partners', { body: '{"slug":', headers: JSON_TYPE }, 'malformed_json'],
    ['no object', 'POST', '/api/v1/partners', { body: '[]', headers: JSON_TYPE }, 'invalid_request'],
    ['no body', 'POST', '/api/v1/partners', {}, 'invalid_request'],
    [
      'a body too large',
      'POST',
      '/api/v1/partners',
      { body: JSON.stringify({ name: 'x'.repeat(3_000) }), headers: JSON_TYPE },
      'body_too_large',
    ],
    [
      'a form',
      'POST',
      '/api/v1/partners',
      { body: 'slug=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      'unsupported_media_type',
    ],
    ['a body of no type', 'POST', '/api/v1/partners', { body: new Uint8Array([123, 125]) }, 'unsupported_media_type'],
    [
      'another charset',
      'POST',
      '/api/v1/partners',
      { body: '{}', headers: { 'content-type': 'application/json; charset=iso-8859-1' } },
      'unsupported_media_type',
    ],
    [
      'a field too much',
      'POST',
      '/api/v1/partners',
      { body: '{"slug":"a","name":"a","admin":true}', headers: JSON_TYPE },
      'invalid_request',
    ],
    ['a misspelt parameter', 'GET', '/api/v1/domains?partnr=x', {}, 'invalid_request'],
    ['a parameter where there is none', 'GET', '/api/v1/me?x=1', {}, 'invalid_request'],
    ['a limit too high', 'GET', '/api/v1/domains?limit=501', {}, 'invalid_request'],
    ['a cursor that is none', 'GET', '/api/v1/domains?after=%00', {}, 'invalid_request'],
    [
      'a change without a version',
      'PATCH',
      '/api/v1/partners/owner',
      { body: '{}', headers: JSON_TYPE },
      'if_match_required',
    ],
    ['a slash in a name', 'GET', '/api/v1/accounts/a%2fb', {}, 'account_not_found'],
    ['a NUL in a name', 'GET', '/api/v1/accounts/a%00b', {}, 'account_not_found'],
    ['a broken escape', 'GET', '/api/v1/accounts/%E0%A4%A', {}, 'invalid_request'],
  ];
  for (const [what, method, path, request, code] of refused)
    it(`refuses ${what}: ${code}`, async () => {
      const { problem, headers } = await operator.send(method, path, request);
      assert.equal(problem?.code, code);
      if (code === 'method_not_allowed') assert.equal(headers.get('allow'), 'GET, PATCH');
      if (code === 'invalid_request') assert((problem.errors ?? []).length > 0);
    });

  it('asks for a key, and says how', async () => {
    for (const key of [undefined, 'nonsense', `rk_${'0'.repeat(12)}_${'A'.repeat(43)}`]) {
      const { problem, headers } = await new Caller(fixture.api.url, key).call(ROUTES.whoAmI);
      assert.equal(problem?.code, 'unauthenticated');
      assert.match(headers.get('www-authenticate') ?? '', /^Bearer realm="rookery"/);
    }
    const basic = await fetch(`${fixture.api.url}/api/v1/me`, { headers: { authorization: `Basic ${operator.key}` } });
    assert.equal(basic.status, 401);
  });

  it('gives each request an id, the caller’s if it is fit', async () => {
    const ask = async (id: string) =>
      (await operator.call(ROUTES.whoAmI, { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    assert.equal(await ask('trace-1:2.3'), 'trace-1:2.3');
    assert.match((await ask('not fit "')) ?? '', /^[0-9a-f-]{36}$/);
  });

  it('is read by anybody: the document and the docs', async () => {
    const nobody = new Caller(fixture.api.url, undefined);
    assert.equal(((await nobody.send('GET', '/api/v1/openapi.json')).body as { openapi: string }).openapi, '3.1.1');
    const docs = await nobody.send('GET', '/api/docs');
    assert.match(docs.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.match(String(docs.body), /<h1>Rookery API<\/h1>/);
  });

  it('changes what was read, and nothing else', async () => {
    await operator.done(ROUTES.createPartner, { body: { slug: 'changed', name: 'One' } });
    const params = { partner: 'changed' };
    const read = await operator.call(ROUTES.showPartner, { params });
    const etag = read.headers.get('etag') ?? '';
    const change = (name: string, ifMatch: string) =>
      operator.call(ROUTES.updatePartner, { params, body: { name }, headers: { 'if-match': ifMatch } });
    const changed = await change('Two', etag);
    assert.notEqual(changed.headers.get('etag'), etag);
    for (const stale of [etag, `W/${changed.headers.get('etag')}`, '"x"', 'x', ''])
      assert.equal((await change('Three', stale)).problem?.code, 'version_mismatch', stale);
    assert.equal((await change('Four', '*')).body.name, 'Four');
    const fresh = (await operator.call(ROUTES.showPartner, { params })).headers.get('etag') ?? '';
    assert.equal(
      await statusOf(`${fixture.api.url}/api/v1/partners/changed`, {
        authorization: `Bearer ${operator.key}`,
        'if-none-match': fresh,
      }),
      304,
    );
  });

  it('deletes what was read, when told which', async () => {
    await operator.done(ROUTES.createDomain, { body: { name: 'deleted.example', partner: 'owner' } });
    const params = { domain: 'deleted.example' };
    assert.equal(
      await operator.refused(ROUTES.deleteDomain, { params, headers: { 'if-match': '"7"' } }),
      'version_mismatch',
    );
    await operator.done(ROUTES.deleteDomain, { params, headers: { 'if-match': '"1"' } });
  });

  it('pages through everything once', async () => {
    for (let n = 0; n < 7; n++)
      await operator.done(ROUTES.createDomain, { body: { name: `p${n}.example`, partner: 'owner' } });
    const names: string[] = [];
    let after: string | undefined;
    do {
      const page = await operator.done(ROUTES.listDomains, { query: { limit: 3, ...(after ? { after } : {}) } });
      names.push(...page.items.map(({ name }) => name));
      after = page.next;
    } while (after);
    assert.deepEqual(names, [...new Set(names)].sort());
    assert.equal(names.filter((name) => /^p\d\.example$/.test(name)).length, 7);
  });

  describe('with an Idempotency-Key', () => {
    const make = (caller: Caller, key: string, slug: string) =>
      caller.call(ROUTES.createPartner, { body: { slug, name: slug }, headers: { 'idempotency-key': key } });

    it('does a POST once and answers the same', async () => {
      const first = await make(operator, 'once', 'once');
      const second = await make(operator, 'once', 'once');
      assert.deepEqual(second.body, first.body);
      assert.equal(second.headers.get('idempotent-replayed'), 'true');
      for (const name of ['etag', 'location']) assert.equal(second.headers.get(name), first.headers.get(name));
      assert.equal(first.headers.get('idempotent-replayed'), null);
    });

    it('answers the same refusal', async () => {
      const first = await make(operator, 'refused', 'owner');
      const second = await make(operator, 'refused', 'owner');
      assert.equal(first.problem?.code, 'conflict');
      assert.deepEqual({ ...second.problem, requestId: '' }, { ...first.problem, requestId: '' });
    });

    it('refuses another body, or another path, under the same key', async () => {
      await make(operator, 'reused', 'reused-1');
      assert.equal((await make(operator, 'reused', 'reused-2')).problem?.code, 'idempotency_key_reused');
      const elsewhere = { body: { name: 'r.example', partner: 'owner' }, headers: { 'idempotency-key': 'reused' } };
      assert.equal(await operator.refused(ROUTES.createDomain, elsewhere), 'idempotency_key_reused');
    });

    it('is each caller’s own', async () => {
      const partner = await fixture.partner('own-keys');
      const headers = { 'idempotency-key': 'shared-word' };
      const body = { email: 'a@own-keys.example', targets: ['b@away.example'] };
      await make(operator, 'shared-word', 'shared-word');
      assert.equal((await partner.done(ROUTES.createAlias, { body, headers })).email, body.email);
    });

    it('lets one of many at once do it', async () => {
      const all = await Promise.all(Array.from({ length: 8 }, () => make(operator, 'many', 'many')));
      const statuses = all.map(({ status }) => status);
      assert(statuses.includes(201));
      for (const { status, problem } of all)
        assert(status === 201 || problem?.code === 'idempotency_in_progress', String(problem?.code));
      const bodies = new Set(all.filter(({ status }) => status === 201).map(({ body }) => JSON.stringify(body)));
      assert.equal(bodies.size, 1);
    });

    it('gives a secret again to its owner, and keeps it from the database', async () => {
      const call = () =>
        operator.call(ROUTES.createApiKey, {
          body: { name: 'k', partner: 'owner' },
          headers: { 'idempotency-key': 'secret' },
        });
      const [first, second] = [await call(), await call()];
      assert.equal(second.body.secret, first.body.secret);
      const rows = await fixture.database.query<{ sealed: Buffer }>(
        'SELECT sealed_response AS sealed FROM api_idempotency WHERE sealed_response IS NOT NULL',
      );
      assert(rows.length > 0);
      for (const { sealed } of rows)
        assert(!sealed.includes(first.body.secret.slice(16)) && !sealed.includes('secret'));
    });

    it('may try again after what was no answer', async () => {
      fixture.road.cut();
      assert.equal((await make(operator, 'later', 'later')).problem?.code, 'unavailable');
      fixture.road.mend();
      await until(
        'the API to have PostgreSQL again',
        async () => (await make(operator, 'later', 'later')).status === 201,
      );
    });

    it('takes over from a request that died', async () => {
      const body = { slug: 'died', name: 'died' };
      await fixture.database.query(
        `INSERT INTO api_idempotency (api_key_id, idempotency_key, request_hash, running_until, expires_at)
         SELECT id, 'died', sha256(convert_to($1, 'UTF8')), now() + $2::interval, now() + interval '1 day' FROM api_key WHERE partner_id IS NULL`,
        [JSON.stringify(['POST', '/api/v1/partners', body]), '1 minute'],
      );
      assert.equal((await make(operator, 'died', 'died')).problem?.code, 'idempotency_in_progress');
      await fixture.database.query(
        `UPDATE api_idempotency SET running_until = now() - interval '1 second' WHERE idempotency_key = 'died'`,
      );
      assert.equal((await make(operator, 'died', 'died')).status, 201);
    });

    it('forgets after a day', async () => {
      await make(operator, 'day', 'day-1');
      await fixture.database.query(
        `UPDATE api_idempotency SET expires_at = now() - interval '1 second' WHERE idempotency_key = 'day'`,
      );
      assert.equal((await make(operator, 'day', 'day-2')).status, 201);
    });

    it('must be a key', async () => {
      for (const key of ['', 'a b', 'x'.repeat(256)])
        assert.equal((await make(operator, key, 'x')).problem?.code, 'invalid_request');
    });
  });

  it('says that the control plane is away, and is not ready meanwhile', async () => {
    const readiness = async () => (await fetch(`${fixture.api.statusUrl}/readyz`)).status;
    assert.equal(await readiness(), 200);
    fixture.road.cut();
    const { problem, headers } = await operator.call(ROUTES.listPartners);
    assert.equal(problem?.code, 'unavailable');
    assert.equal(headers.get('retry-after'), '1');
    await until('not ready', async () => (await readiness()) === 503);
    assert.equal((await fetch(`${fixture.api.statusUrl}/healthz`)).status, 200);
    fixture.road.mend();
    await until('ready', async () => (await readiness()) === 200);
    // A connection that was being made when the road was mended may still fail one request.
    await until('answers', async () => (await operator.call(ROUTES.listPartners)).status === 200);
  });

  it('counts what it does', async () => {
    const metrics = await (await fetch(`${fixture.api.statusUrl}/metrics`)).text();
    assert.match(metrics, /rookery_api_request_seconds_count\{operation="createPartner",status="201"\} \d+/);
  });
});

describe('rate limits', () => {
  for (const [what, environment] of [
    ['with Redis', {}],
    ['without Redis', { REDIS_URL: 'redis://127.0.0.1:1' }],
  ] as const)
    it(what, async () => {
      // A minute of its own, 20 seconds in: Redis is shared and remembers.
      const clock = new SimulatedClock(60_000 * Math.floor(Math.random() * 20_000_000) + 20_000);
      const limits = { ROOKERY_API_REQUESTS_PER_MINUTE: '6', ROOKERY_API_REFUSALS_PER_MINUTE: '2', ...environment };
      await using fixture = await startFixture(limits, clock);
      const partner = await fixture.operator.call(ROUTES.createApiKey, { body: { name: 'k', partner: 'owner' } });
      const caller = new Caller(fixture.api.url, partner.body.secret);
      const answers = [];
      for (let n = 0; n < 8; n++) answers.push(await caller.call(ROUTES.whoAmI));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 200, 200, 429, 429],
      );
      assert.equal(answers[0]?.headers.get('ratelimit'), '"key";r=5;t=40');
      assert.equal(answers[0]?.headers.get('ratelimit-policy'), '"key";q=6;w=60');
      assert.equal(answers[7]?.headers.get('retry-after'), '40');
      const nobody = new Caller(fixture.api.url, undefined);
      const codes = [];
      for (let n = 0; n < 3; n++) codes.push(await nobody.refused(ROUTES.whoAmI));
      assert.deepEqual(codes, ['unauthenticated', 'unauthenticated', 'rate_limited']);
      await clock.advance(40_000);
      assert.equal((await caller.call(ROUTES.whoAmI)).status, 200);
    });
});
