import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ROUTES } from '#api-schema';
import { type ApiFixture, Caller, startFixture } from './api-fixture.spec.ts';

describe('partners, domains, accounts, aliases and keys over the API', () => {
  let fixture: ApiFixture;
  let operator: Caller;
  before(async () => {
    fixture = await startFixture();
    operator = fixture.operator;
  });
  after(() => fixture[Symbol.asyncDispose]());

  it('an account from nothing, as the interface shows it', async () => {
    const acme = await fixture.partner('acme');
    const domain = await acme.done(ROUTES.createDomain, { body: { name: 'Bücher.example' } });
    assert.deepEqual(
      [domain.name, domain.displayName, domain.partner],
      ['xn--bcher-kva.example', 'bücher.example', 'acme'],
    );
    const body = { email: 'Jörg@bücher.example', password: 'correct horse', displayName: 'Jörg', quotaBytes: 5_000 };
    const made = await acme.done(ROUTES.createAccount, { body });
    assert.deepEqual(
      [made.email, made.partner, made.domain, made.quotaBytes, made.usedBytes, made.state],
      ['jörg@xn--bcher-kva.example', 'acme', 'xn--bcher-kva.example', 5_000, 0, 'active'],
    );
    const shown = await operator.done(ROUTES.showAccount, { params: { account: 'JÖRG@bücher.example' } });
    // No node serves the volume: nobody can say, and the answer says so.
    assert.deepEqual(shown, { ...made, usedBytes: null, usedBytesAt: null, usedBytesFresh: false });
    const listed = await acme.done(ROUTES.listAccounts, { query: { domain: 'bücher.example' } });
    assert.deepEqual(listed, { items: [shown] });
  });

  it('each is made, shown, listed, changed and deleted', async () => {
    const beta = await fixture.partner('beta');
    const account = await beta.done(ROUTES.createAccount, {
      body: { email: 'a@beta.example', password: 'correct horse' },
    });
    const alias = await beta.done(ROUTES.createAlias, {
      body: { email: 'all@beta.example', targets: ['a@beta.example', 'b@away.example'] },
    });
    const any = { 'if-match': '*' };
    const changed = await beta.done(ROUTES.updateAccount, {
      params: { account: account.id },
      body: { displayName: 'A', state: 'suspended' },
      headers: any,
    });
    assert.deepEqual([changed.displayName, changed.state, changed.version], ['A', 'suspended', 2]);
    assert.equal(
      (
        await beta.done(ROUTES.updateAccount, {
          params: { account: 'a@beta.example' },
          body: { displayName: null },
          headers: any,
        })
      ).displayName,
      null,
    );
    const moved = await beta.done(ROUTES.updateAlias, {
      params: { alias: 'all@beta.example' },
      body: { targets: ['a@beta.example'] },
      headers: any,
    });
    assert.deepEqual(moved.targets, ['a@beta.example']);
    assert.deepEqual((await beta.done(ROUTES.listAliases, { query: { domain: 'beta.example' } })).items, [moved]);
    assert.deepEqual(await beta.done(ROUTES.showAlias, { params: { alias: alias.id } }), moved);
    const domain = await beta.done(ROUTES.updateDomain, {
      params: { domain: 'beta.example' },
      body: { catchAll: 'a@beta.example' },
      headers: any,
    });
    assert.equal(domain.catchAll, 'a@beta.example');
    assert.equal(await beta.refused(ROUTES.deleteDomain, { params: { domain: 'beta.example' } }), 'conflict');
    await beta.done(ROUTES.deleteAlias, { params: { alias: alias.id } });
    await beta.done(ROUTES.deleteAccount, { params: { account: 'a@beta.example' } });
    await beta.done(ROUTES.deleteDomain, { params: { domain: 'beta.example' } });
    assert.equal(await beta.refused(ROUTES.showDomain, { params: { domain: 'beta.example' } }), 'domain_not_found');
  });

  it('keys are made by keys that may as much, and open until revoked', async () => {
    const gamma = await fixture.partner('gamma');
    const made = await gamma.done(ROUTES.createApiKey, { body: { name: 'reader', scopes: ['read'] } });
    const reader = new Caller(fixture.api.url, made.secret);
    assert.equal((await reader.done(ROUTES.whoAmI)).key.id, made.id);
    assert.equal(await reader.refused(ROUTES.createApiKey, { body: { name: 'x' } }), 'forbidden');
    assert.equal(await gamma.refused(ROUTES.createApiKey, { body: { name: 'x', scopes: ['operator'] } }), 'forbidden');
    assert.equal(await gamma.refused(ROUTES.createApiKey, { body: { name: 'x', partner: null } }), 'invalid_value');
    const listed = await gamma.done(ROUTES.listApiKeys);
    assert.deepEqual(listed.items.map(({ name }) => name).sort(), ['key', 'reader']);
    assert(!JSON.stringify(listed).includes(made.secret.slice(20)));
    await gamma.done(ROUTES.deleteApiKey, { params: { apiKey: made.id } });
    assert.equal(await reader.refused(ROUTES.whoAmI), 'unauthenticated');
  });

  it('tokens of an account are made, listed without their secret, and revoked', async () => {
    const eta = await fixture.partner('eta');
    const account = 'a@eta.example';
    await eta.done(ROUTES.createAccount, { body: { email: account, password: 'correct horse' } });
    const made = await eta.done(ROUTES.createAccountToken, { params: { account }, body: { name: 'phone' } });
    assert.match(made.secret, new RegExp(`^rt_${made.prefix}_`));
    assert.equal(Date.parse(made.expiresAt) - Date.parse(made.createdAt), 90 * 86_400_000);
    const { secret, ...shown } = made;
    assert.deepEqual((await eta.done(ROUTES.listAccountTokens, { params: { account } })).items, [shown]);
    const short = { params: { account }, body: { name: 'x', lifetimeSeconds: 5 } };
    assert.equal(await eta.refused(ROUTES.createAccountToken, short), 'invalid_value');
    // It opens mail, not the API.
    assert.equal(await new Caller(fixture.api.url, secret).refused(ROUTES.whoAmI), 'unauthenticated');
    const params = { account, token: made.id };
    await eta.done(ROUTES.deleteAccountToken, { params });
    assert.equal(await eta.refused(ROUTES.deleteAccountToken, { params }), 'account_token_not_found');
  });

  it('an operator sees all, or one partner’s when it names it', async () => {
    await fixture.partner('delta');
    const all = await operator.done(ROUTES.listDomains);
    assert(all.items.length > 1);
    const own = await operator.done(ROUTES.listDomains, { query: { partner: 'delta' } });
    assert.deepEqual(
      own.items.map(({ name }) => name),
      ['delta.example'],
    );
    assert.equal(await operator.refused(ROUTES.listDomains, { query: { partner: 'nobody' } }), 'partner_not_found');
    assert.equal(await operator.refused(ROUTES.createDomain, { body: { name: 'n.example' } }), 'invalid_value');
  });

  it('another partner’s things are as if they were not', async () => {
    const [mine, theirs] = [await fixture.partner('mine'), await fixture.partner('theirs')];
    const account = await theirs.done(ROUTES.createAccount, {
      body: { email: 'bob@theirs.example', password: 'correct horse' },
    });
    const alias = await theirs.done(ROUTES.createAlias, {
      body: { email: 'all@theirs.example', targets: ['bob@theirs.example'] },
    });
    const [key] = (await theirs.done(ROUTES.listApiKeys)).items;
    const headers = { 'if-match': '*' };
    const domain = 'theirs.example';
    const tries = [
      mine.refused(ROUTES.showPartner, { params: { partner: 'theirs' } }),
      mine.refused(ROUTES.updatePartner, { params: { partner: 'theirs' }, body: { name: 'x' }, headers }),
      mine.refused(ROUTES.showDomain, { params: { domain } }),
      mine.refused(ROUTES.showDomainDns, { params: { domain } }),
      mine.refused(ROUTES.updateDomain, { params: { domain }, body: { catchAll: null }, headers }),
      mine.refused(ROUTES.deleteDomain, { params: { domain } }),
      mine.refused(ROUTES.createDomain, { body: { name: 'new.theirs.example', partner: 'theirs' } }),
      mine.refused(ROUTES.listDomains, { query: { partner: 'theirs' } }),
      mine.refused(ROUTES.createAccount, { body: { email: 'eve@theirs.example', password: 'correct horse' } }),
      mine.refused(ROUTES.showAccount, { params: { account: account.id } }),
      mine.refused(ROUTES.updateAccount, {
        params: { account: account.email },
        body: { password: 'taken over' },
        headers,
      }),
      mine.refused(ROUTES.deleteAccount, { params: { account: account.id } }),
      mine.refused(ROUTES.listAccounts, { query: { partner: 'theirs' } }),
      mine.refused(ROUTES.createAccountToken, { params: { account: account.id }, body: { name: 'x' } }),
      mine.refused(ROUTES.listAccountTokens, { params: { account: account.email } }),
      mine.refused(ROUTES.createAlias, { body: { email: 'eve@theirs.example', targets: ['eve@mine.example'] } }),
      mine.refused(ROUTES.showAlias, { params: { alias: alias.id } }),
      mine.refused(ROUTES.updateAlias, {
        params: { alias: alias.email },
        body: { targets: ['eve@mine.example'] },
        headers,
      }),
      mine.refused(ROUTES.deleteAlias, { params: { alias: alias.id } }),
      mine.refused(ROUTES.createApiKey, { body: { name: 'x', partner: 'theirs' } }),
      mine.refused(ROUTES.deleteApiKey, { params: { apiKey: key?.id ?? '' } }),
      mine.refused(ROUTES.showUsage, { query: { partner: 'theirs' } }),
      mine.refused(ROUTES.showClusterStatus, { params: { cluster: 'shared' } }),
    ];
    for (const [index, code] of (await Promise.all(tries)).entries()) assert.match(code, /_not_found$/, String(index));
    assert.equal((await mine.done(ROUTES.listAccounts, { query: { domain } })).items.length, 0);
    assert.deepEqual(
      (await mine.done(ROUTES.listPartners)).items.map(({ slug }) => slug),
      ['mine'],
    );
    assert.equal((await mine.done(ROUTES.listClusters)).items.length, 0);
  });

  it('a partner may not do what is the operator’s', async () => {
    const partner = await fixture.partner('modest');
    assert.equal(await partner.refused(ROUTES.createPartner, { body: { slug: 'more', name: 'More' } }), 'forbidden');
    assert.equal(await partner.refused(ROUTES.createCluster, { body: { name: 'c', partner: 'modest' } }), 'forbidden');
    const state = { params: { partner: 'modest' }, body: { state: 'active' as const }, headers: { 'if-match': '*' } };
    assert.equal(await partner.refused(ROUTES.updatePartner, state), 'forbidden');
    assert.equal((await operator.done(ROUTES.updatePartner, state)).state, 'active');
  });
});
