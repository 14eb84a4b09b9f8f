import type { ClusterState } from '#cluster/api';
import type { DirectoryRegistry } from '#directory/api';
import { present, type Random, systemContext } from '#stdx';
import { accepted } from './accepted.ts';
import { OPERATOR_PARTNER } from './control-plane.ts';
import { password, type SecretsFile } from './secrets.ts';

const DOMAIN = 'rookery.example';

/** The account invoices and letters are sent with: an ordinary one of the operator's, made at the first start. */
export async function ensureBillingAccount(
  registry: DirectoryRegistry,
  state: ClusterState,
  secrets: SecretsFile,
  random: Random,
): Promise<void> {
  if (secrets.value.billing) return;
  const context = systemContext('supervisor');
  const found = await registry.findPartner(context, OPERATOR_PARTNER.slug);
  const operator = found.ok ? found.value : accepted(await registry.createPartner(context, OPERATOR_PARTNER));
  const known = await registry.findDomain(context, DOMAIN);
  if (!known.ok)
    accepted(
      await registry.createDomain(context, { partnerId: operator.id, name: DOMAIN, clusterId: state.clusterId }),
    );
  const { volumes } = await state.snapshot();
  const account = { email: `billing@${DOMAIN}`, password: password(random) };
  accepted(
    await registry.createAccount(context, {
      ...account,
      displayName: 'Billing',
      volumeId: present(volumes[0], 'a volume for the billing account').id,
    }),
  );
  secrets.value.billing = account;
  secrets.save();
}
