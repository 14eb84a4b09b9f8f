import type { InvoiceEvent } from '#billing/api';
import type { Database } from '#database';
import type { Clock } from '#stdx';
import type { TaskKind } from './fan-out.ts';
import { retryDelayMs } from './retry.ts';

export interface InvoiceTask {
  readonly outboxId: string;
  readonly kind: TaskKind;
  readonly target: string;
  readonly partnerId: string;
  readonly event: InvoiceEvent;
  readonly attempts: number;
  /** It was being handed over when whoever did it ended. */
  readonly interrupted: boolean;
}

/** What became of one run of a task. */
export type TaskOutcome =
  | { readonly state: 'done' }
  /** There is nothing to do, for the reason given. */
  | { readonly state: 'skipped' | 'failed' | 'uncertain'; readonly reason: string }
  | { readonly state: 'again'; readonly reason: string; readonly delayMs?: number };

export interface TaskSummary {
  readonly id: string;
  readonly partnerId: string;
  readonly kind: TaskKind;
  readonly event: InvoiceEvent;
  readonly state: 'waiting' | 'handing' | 'done' | 'skipped' | 'failed' | 'uncertain';
  readonly attempts: number;
  readonly nextTryAt: Date;
  readonly failure: string | null;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
}

/** How long a run may take before another may take the task up: longer than a mail server may think (RFC 5321 §4.5.3.2.6). */
const LEASE_MS = 900_000;
/** Runs before a task is given up and waits for an operator: with the delays between them, about a day. */
export const TASK_ATTEMPTS_MAX = 30;

interface TaskRow {
  readonly outbox_id: string;
  readonly kind: TaskKind;
  readonly target: string;
  readonly partner_id: string;
  readonly event: InvoiceEvent;
  readonly state: TaskSummary['state'];
  readonly attempts: number;
  readonly next_try_at: Date;
  readonly failure: string | null;
  readonly created_at: Date;
  readonly done_at: Date | null;
}

/** Things to be done about invoices. A claim is a lease: whoever dies with one leaves it to the next. */
export class InvoiceTasks {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Takes tasks that are due; nobody else gets them until their lease is over. */
  async claim(limit: number): Promise<InvoiceTask[]> {
    const now = this.clock.now();
    const rows = await this.database.query<TaskRow & Record<string, unknown>>(
      `UPDATE invoice_task SET attempts = attempts + 1, next_try_at = $2 WHERE (outbox_id, kind, target) IN (
         SELECT outbox_id, kind, target FROM invoice_task WHERE state IN ('waiting', 'handing') AND next_try_at <= $1
         ORDER BY next_try_at, outbox_id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING *`,
      [new Date(now), new Date(now + LEASE_MS), limit],
    );
    return rows.map((row) => ({
      outboxId: row.outbox_id,
      kind: row.kind,
      target: row.target,
      partnerId: row.partner_id,
      event: row.event,
      attempts: row.attempts,
      interrupted: row.state === 'handing',
    }));
  }

  /** From here on nobody knows whether it arrived, until `finish` says so. `false` when another has taken the task up. */
  async handOver(task: InvoiceTask): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE invoice_task SET state = 'handing'
       WHERE outbox_id = $1 AND kind = $2 AND target = $3 AND state = 'waiting' AND attempts = $4 RETURNING outbox_id`,
      [task.outboxId, task.kind, task.target, task.attempts],
    );
    return rows.length > 0;
  }

  /** Says what became of a run; of one whose task another has taken up meanwhile, nothing. */
  async finish(task: InvoiceTask, outcome: TaskOutcome): Promise<void> {
    const now = this.clock.now();
    const isOver = outcome.state !== 'again' || task.attempts >= TASK_ATTEMPTS_MAX;
    const state = outcome.state !== 'again' ? outcome.state : isOver ? 'failed' : 'waiting';
    const delay = outcome.state === 'again' ? (outcome.delayMs ?? retryDelayMs(task.attempts - 1)) : 0;
    await this.database.query(
      `UPDATE invoice_task SET state = $4, failure = $5, next_try_at = $6, done_at = $7
       WHERE outbox_id = $1 AND kind = $2 AND target = $3 AND state IN ('waiting', 'handing') AND attempts = $8`,
      [
        task.outboxId,
        task.kind,
        task.target,
        state,
        'reason' in outcome ? outcome.reason.slice(0, 500) : null,
        new Date(now + delay),
        isOver ? new Date(now) : null,
        task.attempts,
      ],
    );
  }

  /** The newest first; only those in a state, if one is named. */
  async list(partnerId: string | undefined, limit: number, state?: string, before?: string): Promise<TaskSummary[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<TaskRow>(
        `SELECT * FROM invoice_task WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR ${ID} < $2)
         ORDER BY ${ID} DESC LIMIT $3`,
        [state ?? null, before ?? null, limit],
      );
      return rows.map(summary);
    });
  }

  /** Takes a task up again that was given up; `undefined` when there is none such. */
  async retry(id: string): Promise<TaskSummary | undefined> {
    const [row] = await this.database.query<TaskRow & Record<string, unknown>>(
      `UPDATE invoice_task SET state = 'waiting', attempts = 0, done_at = NULL, next_try_at = $2
       WHERE ${ID} = $1 AND state IN ('failed', 'uncertain', 'skipped') RETURNING *`,
      [id, new Date(this.clock.now())],
    );
    return row && summary(row);
  }
}

/** Fixed width, so that the order of the text is the order of the tasks. */
const ID = `(lpad(outbox_id::text, 19, '0') || '_' || kind || CASE WHEN target = '' THEN '' ELSE '_' || target END)`;

const summary = (row: TaskRow): TaskSummary => ({
  id: `${row.outbox_id.padStart(19, '0')}_${row.kind}${row.target === '' ? '' : `_${row.target}`}`,
  partnerId: row.partner_id,
  kind: row.kind,
  event: row.event,
  state: row.state,
  attempts: row.attempts,
  nextTryAt: row.next_try_at,
  failure: row.failure,
  createdAt: row.created_at,
  doneAt: row.done_at,
});
