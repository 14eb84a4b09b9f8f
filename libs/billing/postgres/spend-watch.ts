import type { BillingAccounts, SpendEvent } from '#billing/api';
import type { MonthRating, RatedMonth } from '#billing/invoice';
import { formatMinor, monthOf } from '#billing/rating';
import type { Database, Queryable } from '#database';
import { type Clock, present } from '#stdx';
import { announce } from './announce.ts';
import { lockPolicy, type SpendPolicy } from './spend-policies.ts';

/** How old a figure may be that a cap is held against: as old as the watch lets it become. */
const FRESH_MS = 5 * 60_000;
/** A partner looked at more lately is not due: the job may run twice. */
const REST_MS = 4 * 60_000;

interface Limit {
  /** Names it within a month for ever. */
  readonly threshold: string;
  readonly event: Pick<SpendEvent, 'type' | 'percent'>;
  readonly minor: bigint;
}

interface Standing {
  readonly month: string;
  readonly spend: bigint;
  readonly currency: string;
}

/**
 * Looks at what partners spend this month, net and without what is missing to a commitment (that is owed whatever is used), and
 * tells each limit once a month when it is reached.
 */
export class SpendWatch {
  constructor(
    private readonly database: Database,
    private readonly accounts: BillingAccounts,
    private readonly rating: MonthRating,
    private readonly clock: Clock,
  ) {}

  /** Partners who asked to be told or stopped and were not looked at lately. */
  async due(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ partner_id: string }>(
      `SELECT policy.partner_id FROM spend_policy policy LEFT JOIN spend_standing standing USING (partner_id)
       WHERE (cap <> 'off' OR EXISTS (SELECT FROM spend_threshold threshold WHERE threshold.partner_id = policy.partner_id))
         AND coalesce(looked_at, '-infinity') <= $1
       ORDER BY looked_at NULLS FIRST, policy.partner_id LIMIT $2`,
      [new Date(this.clock.now() - REST_MS), limit],
    );
    return rows.map(({ partner_id }) => partner_id);
  }

  /** Done twice, it is done once: what was told is kept with the announcement. Returns how many limits were reached. */
  async look(partnerId: string): Promise<number> {
    const standing = await this.standing(partnerId);
    return this.database.transaction(async (client) => {
      const policy = await lockPolicy(client, partnerId);
      const reached = limitsOf(policy).filter(({ minor }) => standing.spend >= minor);
      let told = 0;
      for (const limit of reached) if (await this.tell(client, partnerId, policy, standing, limit)) told++;
      await this.keep(client, partnerId, standing);
      return told;
    });
  }

  /** Why nothing that costs more may be added now; `undefined` when it may. */
  async refusal(partnerId: string): Promise<string | undefined> {
    const [policy] = await this.database.query<{ cap_minor: string }>(
      `SELECT cap_minor FROM spend_policy WHERE partner_id = $1 AND cap = 'hard'`,
      [partnerId],
    );
    if (!policy) return undefined;
    const cap = BigInt(policy.cap_minor);
    const { month, spend, currency } = (await this.fresh(partnerId)) ?? (await this.lookNow(partnerId));
    if (spend < cap) return undefined;
    return `${month} has come to ${formatMinor(spend, currency)} ${currency} and the cap is ${formatMinor(cap, currency)}: raise it, or wait for the month to end`;
  }

  private async lookNow(partnerId: string): Promise<Standing> {
    await this.look(partnerId);
    return present(await this.fresh(partnerId), 'what was just looked at');
  }

  private async fresh(partnerId: string): Promise<Standing | undefined> {
    const account = present(await this.accounts.find(partnerId), 'partner');
    const now = this.clock.now();
    const [row] = await this.database.query<{ month: string; spend_minor: string; currency: string }>(
      'SELECT month, spend_minor, currency FROM spend_standing WHERE partner_id = $1 AND month = $2 AND looked_at > $3',
      [partnerId, monthOf(now, account.zone, account.anchorDay), new Date(now - FRESH_MS)],
    );
    return row && { month: row.month, spend: BigInt(row.spend_minor), currency: row.currency };
  }

  private async standing(partnerId: string): Promise<Standing> {
    const account = present(await this.accounts.find(partnerId), 'partner');
    const now = this.clock.now();
    const month = monthOf(now, account.zone, account.anchorDay);
    const { rated } = await this.rating.rateTerms(account, month, now);
    return { month, spend: spentBy(rated), currency: rated.currency };
  }

  private async tell(
    client: Queryable,
    partnerId: string,
    { cap }: SpendPolicy,
    { month, spend, currency }: Standing,
    { threshold, event, minor }: Limit,
  ): Promise<boolean> {
    const { rows } = await client.query(
      `INSERT INTO spend_alert (partner_id, month, threshold, limit_minor, spend_minor, currency, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING month`,
      [partnerId, month, threshold, String(minor), String(spend), currency, new Date(this.clock.now())],
    );
    if (rows.length === 0) return false;
    const amounts = { limitMinor: Number(minor), spendMinor: Number(spend), currency };
    await announce(client, partnerId, { ...event, month, cap, ...amounts });
    return true;
  }

  private async keep(client: Queryable, partnerId: string, { month, spend, currency }: Standing): Promise<void> {
    await client.query(
      `INSERT INTO spend_standing (partner_id, month, spend_minor, currency, looked_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (partner_id) DO UPDATE SET month = excluded.month, spend_minor = excluded.spend_minor,
         currency = excluded.currency, looked_at = excluded.looked_at WHERE spend_standing.looked_at <= excluded.looked_at`,
      [partnerId, month, String(spend), currency, new Date(this.clock.now())],
    );
  }
}

/** Minor units after discounts, without taxes and commitments. */
function spentBy({ lines, nets }: RatedMonth['rated']): bigint {
  return lines.reduce((sum, { kind }, index) => (kind === 'commitment' ? sum : sum + nets[index]!), 0n);
}

function limitsOf({ thresholds, budget, cap, capMinor }: SpendPolicy): Limit[] {
  const told = thresholds.flatMap(({ minor, percent }): Limit[] => {
    if (minor !== null)
      return [{ threshold: `amount~${minor}`, event: { type: 'spend.threshold', percent: null }, minor }];
    if (percent === null || budget === null) return [];
    const part = (budget * BigInt(percent) + 99n) / 100n;
    return [{ threshold: `percent~${percent}`, event: { type: 'spend.threshold', percent }, minor: part }];
  });
  if (cap === 'off' || capMinor === null) return told;
  return [
    ...told,
    { threshold: `cap~${capMinor}`, event: { type: 'spend.capReached', percent: null }, minor: capMinor },
  ];
}
