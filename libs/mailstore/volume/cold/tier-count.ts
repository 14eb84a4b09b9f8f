import type { Clock } from '#stdx';
import type { CommitLoop } from '../commit-loop.ts';
import type { IndexDb } from '../index-db.ts';
import { messageKey } from '../rows.ts';
import type { VolumeSettings } from '../settings.ts';

/** Rows looked at before others have their turn: about 5 ms. */
const ROWS_A_TURN = 1_000;
/** Rests between turns, as multiples of what one takes: a tenth of one core. */
const REST = 9;

interface CountedRow {
  readonly mailbox: number;
  readonly uid: number;
  readonly size: number;
  readonly cold: number;
}

export interface TierCountParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly settings: VolumeSettings;
  readonly clock: Clock;
}

/**
 * Counts, account by account, how much of the mail is cold: what a partner pays less for. A message's bytes may be shared by
 * accounts, and nothing says which, so that this is a count now and then and no sum that is kept.
 */
export class TierCount {
  constructor(private readonly parts: TierCountParts) {}

  async run(isStopped: () => boolean): Promise<void> {
    const { index, clock, settings } = this.parts;
    const now = Math.floor(clock.now());
    const last = index.get<{ value: number }>("SELECT value FROM counter WHERE name = 'cold_counted'")?.value ?? 0;
    const some = `SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM segment WHERE cold = 1 AND live > 0)
      OR EXISTS (SELECT 1 FROM account WHERE cold_bytes > 0)`;
    if (now - last < settings.coldCountIntervalMs || !index.get(some)) return;
    const next = 'SELECT number, cold_bytes AS coldBytes FROM account WHERE number > ? ORDER BY number LIMIT 1';
    type Row = { readonly number: number; readonly coldBytes: number };
    for (let row = index.get<Row>(next, 0); row; row = index.get<Row>(next, row.number)) {
      const bytes = await this.count(row.number, isStopped);
      if (bytes === undefined) return;
      const { number } = row;
      if (bytes !== row.coldBytes)
        await this.change('UPDATE account SET cold_bytes = ? WHERE number = ?', bytes, number);
    }
    await this.change("INSERT OR REPLACE INTO counter (name, value) VALUES ('cold_counted', ?)", now);
  }

  private async count(account: number, isStopped: () => boolean): Promise<number | undefined> {
    const { index, clock } = this.parts;
    const sql = `SELECT mailbox, uid, membership.size AS size, blob.stored > 0 AS cold
      FROM membership JOIN message ON message.key = ?1 + membership.message JOIN blob ON blob.hash = message.blob
      WHERE account = ?2 AND (mailbox, uid) > (?3, ?4) ORDER BY mailbox, uid LIMIT ${ROWS_A_TURN}`;
    let bytes = 0;
    for (let at = { mailbox: 0, uid: 0 }; ; ) {
      if (isStopped()) return undefined;
      const begun = clock.monotonic();
      const rows = index.all<CountedRow>(sql, messageKey(account, 0), account, at.mailbox, at.uid);
      for (const { size, cold } of rows) if (cold) bytes += size;
      if (rows.length < ROWS_A_TURN) return bytes;
      at = rows.at(-1) ?? at;
      await clock.sleep(REST * (clock.monotonic() - begun));
    }
  }

  private async change(sql: string, ...values: number[]): Promise<void> {
    await this.parts.loop.submit({
      ...{ contents: [], grows: false },
      run: (edit) => void edit.scope.index.run(sql, ...values),
    });
  }
}
