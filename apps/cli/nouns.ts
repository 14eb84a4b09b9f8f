import type { Noun } from './command.ts';
import { account } from './commands/account.ts';
import { alert } from './commands/alert.ts';
import { alias } from './commands/alias.ts';
import { apikey } from './commands/apikey.ts';
import { backup } from './commands/backup.ts';
import { billing } from './commands/billing.ts';
import { cluster } from './commands/cluster.ts';
import { dispute } from './commands/dispute.ts';
import { domain } from './commands/domain.ts';
import { hub } from './commands/hub.ts';
import { invoice } from './commands/invoice.ts';
import { exportMail, importMail } from './commands/mail-transfer.ts';
import { member } from './commands/member.ts';
import { meter } from './commands/meter.ts';
import { move } from './commands/move.ts';
import { node } from './commands/node.ts';
import { partner } from './commands/partner.ts';
import { payment } from './commands/payment.ts';
import { price } from './commands/price.ts';
import { queue } from './commands/queue.ts';
import { refund } from './commands/refund.ts';
import { spend } from './commands/spend.ts';
import { token } from './commands/token.ts';
import { upgrade } from './commands/upgrade.ts';
import { usage } from './commands/usage.ts';
import { volume } from './commands/volume.ts';
import { webhook } from './commands/webhook.ts';

/** In the order help shows them. */
export const NOUNS: Readonly<Record<string, Noun>> = {
  cluster,
  hub,
  node,
  member,
  upgrade,
  token,
  volume,
  move,
  backup,
  queue,
  alert,
  partner,
  domain,
  account,
  import: importMail,
  export: exportMail,
  alias,
  apikey,
  usage,
  meter,
  price,
  spend,
  invoice,
  dispute,
  payment,
  refund,
  billing,
  webhook,
};
