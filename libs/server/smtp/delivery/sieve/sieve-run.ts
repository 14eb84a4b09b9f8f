import type { MailStore, StagedMessage, StoredScript } from '#mailstore/api';
import type { RecipientRoute } from '#protocol/handover';
import {
  driveSieve,
  formatProblem,
  interpretSieve,
  type SieveAction,
  type SieveMessage,
  type SieveTracking,
} from '#protocol/sieve';
import type { SmtpPath } from '#protocol/smtp';
import { type Clock, type Logger, type RequestContext } from '#stdx';
import { beginning, StoreAnswers } from './answers.ts';
import { ScriptCache } from './script-cache.ts';
import { SIEVE_DELIVERY_SETTINGS, type SieveDeliveryOptions, type SieveDeliverySettings } from './settings.ts';

/** One recipient's message on its way to a script. */
export interface ScriptedDelivery {
  readonly store: MailStore;
  readonly route: RecipientRoute;
  readonly message: StagedMessage;
  readonly reversePath: SmtpPath;
  readonly forwardPath: SmtpPath;
  /** Of the host that sent it to us; '' when nobody knows. */
  readonly clientAddress: string;
  readonly context: RequestContext;
}

/** What a script wants done, in order. */
export interface ScriptResult {
  readonly actions: readonly SieveAction[];
  readonly tracked: readonly SieveTracking[];
  /** The message's own header block. */
  readonly header: Buffer;
  /** Why it failed: the message is then kept (RFC 5228 §2.10.6). */
  readonly fault: string | null;
}

/** Runs active scripts. Whatever goes wrong in one keeps the message. */
export class SieveRun {
  readonly settings: SieveDeliverySettings;
  private readonly cache: ScriptCache;
  private readonly environment: Readonly<Record<string, string>>;

  constructor(
    options: SieveDeliveryOptions,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.settings = { ...SIEVE_DELIVERY_SETTINGS, ...options.settings };
    this.cache = new ScriptCache(this.settings.limits, this.settings.compiledBytesMax);
    const { hostname: host, version } = options;
    const domain = host.slice(host.indexOf('.') + 1);
    this.environment = { name: 'Rookery', version, host, domain, location: 'MDA', phase: 'during' };
  }

  async run(delivery: ScriptedDelivery, script: StoredScript): Promise<ScriptResult> {
    const header = await headerOf(delivery.message);
    try {
      const { actions, tracked, error } = await this.interpret(delivery, script, header);
      const fault = error && formatProblem(error);
      if (fault !== null) this.tell(delivery, script, { fault });
      return { actions, tracked, header, fault };
    } catch (error) {
      // The store did not answer, or a fault of ours: either way the message is the account's.
      this.tell(delivery, script, { err: error });
      return { actions: [KEEP], tracked: [], header, fault: 'the script could not be run' };
    }
  }

  private async interpret(
    { store, route, message, ...delivery }: ScriptedDelivery,
    script: StoredScript,
    header: Buffer,
  ) {
    const { accountId, email: owner } = route;
    const compiled = this.cache.compile(store, accountId, script);
    if (!compiled.ok) return { actions: [KEEP], tracked: [], error: compiled.problems[0]! };
    const { body } = message.parsed;
    const envelope = { from: delivery.reversePath.address, to: route.recipient ?? delivery.forwardPath.address };
    const view: SieveMessage = { header, body, size: message.size, envelope };
    const { limits, subaddressSeparator } = this.settings;
    const { clientAddress } = delivery;
    const machine = interpretSieve(compiled.script, view, {
      ...{ limits, subaddressSeparator, owner, now: this.clock.now(), zoneMinutes: 0 },
      environment: { ...this.environment, ...(clientAddress === '' ? {} : { 'remote-ip': clientAddress }) },
      ...{ spamPercent: null, virusLevel: 0 },
    });
    const answers = new StoreAnswers(store, delivery.context, accountId, message, this.settings.bodyBytesMax);
    return driveSieve(machine, (question) => answers.answer(question));
  }

  private tell({ route, context }: ScriptedDelivery, { name }: StoredScript, more: Record<string, unknown>): void {
    const { accountId } = route;
    this.logger.warn(
      { accountId, script: name, transaction: context.requestId, ...more },
      'script failed; message kept',
    );
  }
}

const KEEP: SieveAction = { kind: 'store', mailbox: null, flags: [], header: null };

/** The header block, blank line included. */
async function headerOf(message: StagedMessage): Promise<Buffer> {
  const { headerStart, bodyStart } = message.parsed.body;
  return (await beginning(message, bodyStart)).subarray(headerStart);
}
