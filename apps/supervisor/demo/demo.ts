import type { ClusterState } from '#cluster/api';
import type { DirectoryRegistry } from '#directory/api';
import { type Clock, present, type Random, systemContext } from '#stdx';
import { accepted } from '../accepted.ts';
import { HOST, type Layout } from '../layout.ts';
import { type DemoSecrets, password, type SecretsFile } from '../secrets.ts';
import { demoMessages } from './messages.ts';
import { deliverBySmtp } from './smtp-delivery.ts';

export const DEMO_PARTNER = { slug: 'demo-hosting', name: 'Demo Hosting Ltd', currency: 'EUR', timeZone: 'UTC' };
const DOMAIN = 'demo.example';
const USERS = [
  ['ada', 'Ada Lindholm'],
  ['ben', 'Ben Achterberg'],
  ['chloe', 'Chloé Marchand'],
] as const;
const QUOTA_BYTES = 2 * 1024 ** 3;

/** One partner, one domain, three users on different volumes (a split domain). Idempotent: what is there stays. */
export async function ensureDemoAccounts(
  registry: DirectoryRegistry,
  state: ClusterState,
  partnerId: string,
  secrets: SecretsFile,
  random: Random,
): Promise<DemoSecrets> {
  if (secrets.value.demo) return secrets.value.demo;
  const context = systemContext('demo');
  const { volumes } = await state.snapshot();
  accepted(await registry.createDomain(context, { partnerId, name: DOMAIN, clusterId: state.clusterId }));
  const users = [];
  for (const [index, [name, displayName]] of USERS.entries()) {
    const user = { email: `${name}@${DOMAIN}`, password: password(random) };
    const volume = present(volumes[index % volumes.length], 'a volume for the demo');
    accepted(
      await registry.createAccount(context, { ...user, displayName, quotaBytes: QUOTA_BYTES, volumeId: volume.id }),
    );
    users.push(user);
  }
  accepted(await registry.createAlias(context, { email: `team@${DOMAIN}`, targets: users.map(({ email }) => email) }));
  const key = accepted(await registry.createApiKey(context, { partnerId, name: 'demo', scopes: ['read', 'write'] }));
  secrets.value.demo = { partner: DEMO_PARTNER.slug, apiKey: key.secret, domain: DOMAIN, users, delivered: false };
  secrets.save();
  return secrets.value.demo;
}

/** The demo's mail, through the front door like anybody's: a plain SMTP client, taking the hubs in turn. */
export async function deliverDemoMail(layout: Layout, secrets: SecretsFile, clock: Clock): Promise<number> {
  const demo = present(secrets.value.demo, 'demo accounts');
  if (demo.delivered) return 0;
  const messages = demoMessages(demo.domain, clock.now());
  for (const [index, hub] of layout.hubs.entries()) {
    const share = messages.filter((_, at) => at % layout.hubs.length === index);
    await deliverBySmtp({ host: HOST, port: hub.ports.smtp }, share);
  }
  secrets.value.demo = { ...demo, delivered: true };
  secrets.save();
  return messages.length;
}
