import { type InvoiceEvent, type Mailer, MailRefusedError, MailUncertainError, type WebhookCaller } from '#billing/api';
import type { Database } from '#database';
import type { Clock } from '#stdx';
import type { InvoiceCollection } from './collection.ts';
import { type InvoiceFiles } from './invoice-files.ts';
import { type InvoiceLetters, subjectOf } from './letters.ts';
import type { Refunds } from './refunds.ts';
import type { InvoiceTask, InvoiceTasks, TaskOutcome } from './tasks.ts';
import { webhookRetryMs } from './webhook-schedule.ts';

/** What tasks are done with. */
export interface TaskGround {
  readonly tasks: InvoiceTasks;
  readonly files: InvoiceFiles;
  readonly letters: InvoiceLetters;
  readonly collection: InvoiceCollection;
  readonly refunds: Refunds;
  readonly mailer: Mailer;
  readonly webhooks: WebhookCaller;
}

const DONE: TaskOutcome = { state: 'done' };

/** Does what is to be done about invoices. A run that fails is kept with its reason and tried again; one that cannot be is given up visibly. */
export class TaskRunner {
  constructor(
    private readonly database: Database,
    private readonly ground: TaskGround,
    private readonly clock: Clock,
  ) {}

  /** Returns how many tasks were taken up. */
  async run(limit: number, onFailure: (subject: string, error: Error) => void = () => {}): Promise<number> {
    let taken = 0;
    // One by one: a lease is for one task, however long the others take.
    for (; taken < limit; taken++) {
      const [task] = await this.ground.tasks.claim(1);
      if (!task) break;
      const outcome = await this.attempt(task);
      await this.ground.tasks.finish(task, outcome);
      if (outcome.state !== 'done' && outcome.state !== 'skipped')
        onFailure(`${task.kind} ${task.outboxId}`, new Error(outcome.reason));
    }
    return taken;
  }

  private async attempt(task: InvoiceTask): Promise<TaskOutcome> {
    try {
      return await this.act(task);
    } catch (error) {
      return { state: 'again', reason: (error as Error).message };
    }
  }

  private act(task: InvoiceTask): Promise<TaskOutcome> {
    switch (task.kind) {
      case 'document':
        return this.document(task);
      case 'mail':
        return this.mail(task);
      case 'collect':
        return this.collect(task);
      case 'webhook':
        return this.webhook(task);
      case 'refund':
        return this.refund(task);
    }
  }

  private async document({ partnerId, event, target }: InvoiceTask): Promise<TaskOutcome> {
    const format = target === 'xml' ? 'xml' : 'pdf';
    const subject = subjectOf(partnerId, event);
    const file = subject && (await this.ground.files.file(subject, format));
    return file
      ? DONE
      : { state: 'skipped', reason: 'an electronic invoice needs the countries and VAT numbers of both sides' };
  }

  private async mail(task: InvoiceTask): Promise<TaskOutcome> {
    if (task.interrupted)
      return { state: 'uncertain', reason: 'it ended while the message was handed over: it may have been sent' };
    const name = `${task.outboxId}.${task.kind}`;
    const mail = await this.ground.letters.mail(task.partnerId, task.event, name);
    if (typeof mail === 'string') return { state: 'skipped', reason: mail };
    if (!(await this.ground.tasks.handOver(task))) return { state: 'again', reason: 'another has taken it up' };
    try {
      await this.ground.mailer.send(mail);
      return DONE;
    } catch (error) {
      const reason = (error as Error).message;
      if (error instanceof MailRefusedError) return { state: 'failed', reason };
      if (error instanceof MailUncertainError) return { state: 'uncertain', reason };
      throw error;
    }
  }

  private async collect({ event }: InvoiceTask): Promise<TaskOutcome> {
    if (!('invoiceId' in event)) return { state: 'skipped', reason: 'nothing to collect' };
    const outcome = await this.ground.collection.collect(event.invoiceId, occasionOf(event));
    if (outcome === 'noMethod') return { state: 'skipped', reason: 'no payment method is saved' };
    return outcome === 'nothingDue' ? { state: 'skipped', reason: 'nothing is due' } : DONE;
  }

  private async refund({ event }: InvoiceTask): Promise<TaskOutcome> {
    if (!('refundId' in event)) return { state: 'skipped', reason: 'nothing to give back' };
    await this.ground.refunds.advance(event.refundId);
    return DONE;
  }

  private async webhook(task: InvoiceTask): Promise<TaskOutcome> {
    const [endpoint] = await this.database.query<{ url: string; secret: Buffer; enabled: boolean }>(
      'SELECT url, secret, enabled FROM webhook_endpoint WHERE id = $1 AND partner_id = $2',
      [task.target, task.partnerId],
    );
    if (!endpoint?.enabled) return { state: 'skipped', reason: 'the endpoint was deleted or switched off' };
    const { url, secret } = endpoint;
    const { type, ...data } = task.event;
    const body = JSON.stringify({ type, timestamp: new Date(this.clock.now()).toISOString(), data });
    const started = this.clock.monotonic();
    const answer = await this.ground.webhooks.call({ url, secret, id: `msg_${task.outboxId}`, body });
    const isTaken = answer.status !== null && answer.status >= 200 && answer.status < 300;
    const reason = answer.failure ?? `the endpoint answered ${answer.status}`;
    await this.log(task, answer.status, isTaken ? null : reason, this.clock.monotonic() - started);
    if (isTaken) return DONE;
    const delayMs = webhookRetryMs(task.attempts);
    // 410 Gone: the receiver asks never to be called again about this.
    if (answer.status === 410 || delayMs === undefined) return { state: 'failed', reason };
    return { state: 'again', reason, delayMs };
  }

  private async log(task: InvoiceTask, status: number | null, failure: string | null, tookMs: number): Promise<void> {
    await this.database.query(
      `INSERT INTO webhook_delivery (partner_id, endpoint_id, outbox_id, type, attempt, status, failure, duration_ms, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        task.partnerId,
        task.target,
        task.outboxId,
        task.event.type,
        task.attempts,
        status,
        failure?.slice(0, 500) ?? null,
        Math.round(tookMs),
        new Date(this.clock.now()),
      ],
    );
  }
}

/** An invoice is charged once for each of these. */
const occasionOf = (event: InvoiceEvent): string =>
  event.type === 'dunning.reminder' ? `dunning~${event.step}` : 'finalized';
