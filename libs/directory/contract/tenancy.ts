import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DirectoryRegistry } from '#directory/api';
import type { RequestContext } from '#stdx';
import { actingFor, type DirectoryFixture, OPERATOR, Scene, value } from './fixture.ts';

const tokenFor = ({ id }: { readonly id: string }) => ({ accountId: id, name: 'mail', lifetimeMs: 3_600_000 });

type Crossing = (registry: DirectoryRegistry, as: RequestContext) => Promise<unknown>;

/** Every method of the registry, called by one partner on another's objects; and by a partner on its own, so that a refusal means something. */
export function tenancyContract(open: () => DirectoryFixture): void {
  describe('partners do not reach each other', () => {
    const two = async () => {
      const scene = new Scene(open());
      const [mine, theirs] = [await scene.partner('mine'), await scene.partner('theirs')];
      const sides = [];
      for (const partner of [mine, theirs]) {
        const domain = await scene.domain(partner, `${partner.slug}.example`);
        const account = await scene.account(`bob@${domain.name}`);
        const alias = await scene.alias(`sales@${domain.name}`, account.email);
        const key = value(
          await scene.fixture.registry.createApiKey(OPERATOR, { partnerId: partner.id, name: 'k', scopes: ['read'] }),
        );
        const token = value(await scene.fixture.registry.createAccountToken(OPERATOR, tokenFor(account)));
        sides.push({ partner, domain, account, alias, key, token });
      }
      return { registry: scene.fixture.registry, as: actingFor(mine), mine: sides[0]!, theirs: sides[1]! };
    };
    type Side = Awaited<ReturnType<typeof two>>['mine'];

    /** In the order of the interface; the last deletes, so that every earlier one has its object. */
    const crossings: Record<string, (side: Side) => Crossing> = {
      findPartner:
        ({ partner }) =>
        (registry, as) =>
          registry.findPartner(as, partner.id),
      'findPartner by slug':
        ({ partner }) =>
        (registry, as) =>
          registry.findPartner(as, partner.slug),
      updatePartner:
        ({ partner }) =>
        (registry, as) =>
          registry.updatePartner(as, partner.id, undefined, { name: 'n' }),
      createDomain:
        ({ partner }) =>
        (registry, as) =>
          registry.createDomain(as, { partnerId: partner.id, name: `new.${partner.slug}.example` }),
      findDomain:
        ({ domain }) =>
        (registry, as) =>
          registry.findDomain(as, domain.id),
      'findDomain by name':
        ({ domain }) =>
        (registry, as) =>
          registry.findDomain(as, domain.name),
      updateDomain:
        ({ domain }) =>
        (registry, as) =>
          registry.updateDomain(as, domain.id, undefined, { catchAll: null }),
      createAccount:
        ({ domain }) =>
        (registry, as) =>
          registry.createAccount(as, { email: `eve@${domain.name}`, password: 'correct horse' }),
      findAccount:
        ({ account }) =>
        (registry, as) =>
          registry.findAccount(as, account.id),
      'findAccount by address':
        ({ account }) =>
        (registry, as) =>
          registry.findAccount(as, account.email),
      createAccountToken:
        ({ account }) =>
        (registry, as) =>
          registry.createAccountToken(as, tokenFor(account)),
      deleteAccountToken:
        ({ account, token }) =>
        (registry, as) =>
          registry.deleteAccountToken(as, account.id, token.id),
      updateAccount:
        ({ account }) =>
        (registry, as) =>
          registry.updateAccount(as, account.id, undefined, { password: 'taken over' }),
      createAlias:
        ({ domain }) =>
        (registry, as) =>
          registry.createAlias(as, { email: `eve2@${domain.name}`, targets: ['eve@mine.example'] }),
      findAlias:
        ({ alias }) =>
        (registry, as) =>
          registry.findAlias(as, alias.id),
      'findAlias by address':
        ({ alias }) =>
        (registry, as) =>
          registry.findAlias(as, alias.email),
      updateAlias:
        ({ alias }) =>
        (registry, as) =>
          registry.updateAlias(as, alias.id, undefined, { targets: ['eve@mine.example'] }),
      createApiKey:
        ({ partner }) =>
        (registry, as) =>
          registry.createApiKey(as, { partnerId: partner.id, name: 'eve', scopes: ['read'] }),
      deleteApiKey:
        ({ key }) =>
        (registry, as) =>
          registry.deleteApiKey(as, key.id),
      deleteAlias:
        ({ alias }) =>
        (registry, as) =>
          registry.deleteAlias(as, alias.id),
      deleteAccount:
        ({ account }) =>
        (registry, as) =>
          registry.deleteAccount(as, account.id),
    };

    it('by any method that names an object', async () => {
      const { registry, as, mine, theirs } = await two();
      const code = (answer: unknown): string | true => {
        const result = answer as { ok: boolean; error?: { code: string } };
        return result.ok ? true : (result.error?.code ?? '');
      };
      for (const [name, cross] of Object.entries(crossings)) {
        assert.equal(code(await cross(theirs)(registry, as)), 'notFound', `${name} on another partner's`);
        assert.equal(code(await cross(mine)(registry, as)), true, `${name} on one's own`);
      }
    });

    it('by any list', async () => {
      const { registry, as, mine, theirs } = await two();
      const lists = [
        registry.listPartners(as, {}),
        registry.listDomains(as, {}),
        registry.listAccounts(as, {}),
        registry.listAliases(as, {}),
        registry.listApiKeys(as, {}),
        registry.listAccountTokens(as, mine.account.id, {}),
      ];
      for (const page of await Promise.all(lists)) {
        assert.equal(page.items.length, 1);
        assert.doesNotMatch(JSON.stringify(page), new RegExp(theirs.partner.id));
        assert.match(JSON.stringify(page), new RegExp(mine.partner.id));
      }
      assert.equal((await registry.listAccountTokens(as, theirs.account.id, {})).items.length, 0);
      assert.equal((await registry.listAccounts(as, { domain: theirs.domain.id })).items.length, 0);
      assert.equal((await registry.listAliases(as, { domain: theirs.domain.name })).items.length, 0);
    });

    it('nor rise above themselves', async () => {
      const { registry, as, mine } = await two();
      const made = await registry.createPartner(as, { slug: 'more', name: 'More' });
      assert(!made.ok && made.error.code === 'forbidden');
      const raised = await registry.updatePartner(as, mine.partner.id, undefined, { state: 'active' });
      assert(!raised.ok && raised.error.code === 'forbidden');
    });
  });
}
