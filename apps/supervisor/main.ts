import { rmSync } from 'node:fs';
import { Database } from '#database';
import { migrate } from '#migrations';
import { systemClock, systemRandom } from '#stdx';
import { createLogger } from '#telemetry';
import { SealKey } from '#trust';
import { ensureBillingAccount } from './billing-account.ts';
import { ensureControlPlane, OPERATOR_PARTNER } from './control-plane.ts';
import { DEMO_PARTNER, deliverDemoMail, ensureDemoAccounts } from './demo/demo.ts';
import { DemoPayments } from './demo/payments.ts';
import { tokensForNewcomers } from './join-tokens.ts';
import { HOST, layoutOf, membersOf, startingOf } from './layout.ts';
import { parseOptions, type SupervisorOptions, USAGE, UsageError } from './options.ts';
import { Progress } from './progress.ts';
import { RunClaim } from './run-claim.ts';
import { ensureOperatorKey, SecretsFile } from './secrets.ts';
import { requireFreePorts, startServices } from './services.ts';
import { Supervisor } from './supervisor.ts';
import { readyTable } from './table.ts';

const clock = systemClock;
const say = (text: string): void => {
  process.stdout.write(text);
};

/** Runs the cluster until a signal; whatever was started is stopped again, in the reverse order, also after a failure. */
async function run(options: SupervisorOptions): Promise<void> {
  const started = clock.monotonic();
  const undo: (() => Promise<void>)[] = [];
  const ended = endSignal();
  try {
    const layout = layoutOf(options);
    const progress = new Progress(clock, say);
    const external = { postgresUrl: process.env.DATABASE_URL, redisUrl: process.env.REDIS_URL };
    say('Rookery starts.\n');
    const claim = await RunClaim.take(layout.directories.data, clock, (text) => progress.note(text));
    undo.push(async () => claim.release());
    if (options.fresh) rmSync(layout.directories.data, { recursive: true, force: true });

    const services = await startServices(layout, external, progress);
    undo.push(() => services.stop());
    await requireFreePorts(layout);
    await progress.step('Migrations', () => migrate(services.postgresUrl));
    const database = new Database({ url: services.postgresUrl, applicationName: 'rookery-supervisor' });
    undo.push(() => database.close());

    const secrets = new SecretsFile(layout.directories.data, systemRandom);
    const logger = createLogger('supervisor', 'supervisor', 'warn');
    const plane = await ensureControlPlane({
      owner: options.demo || secrets.value.demo ? DEMO_PARTNER : OPERATOR_PARTNER,
      ...membersOf(layout, options),
      database,
      databaseUrl: services.postgresUrl,
      random: systemRandom,
      clock,
      logger,
    });
    await ensureOperatorKey(plane.registry, secrets);
    undo.push(() => plane.close());
    await ensureBillingAccount(plane.registry, plane.state, secrets, systemRandom);
    if (options.demo) await ensureDemoAccounts(plane.registry, plane.state, plane.partnerId, secrets, systemRandom);

    const payments = options.demo && !process.env.ROOKERY_STRIPE_KEY ? new DemoPayments(layout, clock) : undefined;
    if (payments) {
      await payments.start();
      undo.push(() => payments.stop());
      await payments.introduce(database, plane.partnerId, secrets.value.demo?.users[0]?.email ?? '');
    }

    const joinTokens = await tokensForNewcomers(startingOf(layout), {
      database,
      clusterId: plane.state.clusterId,
      door: { host: HOST, port: layout.joinPort },
      seal: new SealKey(secrets.sealKey),
      clock,
      random: systemRandom,
    });
    const supervisor = new Supervisor(
      layout,
      plane,
      services,
      secrets,
      joinTokens,
      clock,
      options,
      payments?.environment ?? {},
    );
    undo.push(() => supervisor.stop());
    await progress.step(`${layout.hubs.length} hubs, ${layout.nodes.length} nodes, API, billing`, () =>
      supervisor.start(),
    );
    if (options.demo && !secrets.value.demo?.delivered) {
      const count = await progress.step('Demo mail, through the front door', () =>
        deliverDemoMail(layout, secrets, clock),
      );
      progress.note(`${count} messages delivered`);
    }
    await supervisor.publish();
    say(readyTable(layout, secrets.value));
    say(`ready in ${((clock.monotonic() - started) / 1000).toFixed(1)} s; Ctrl-C stops everything\n`);
    await ended;
    claim.stopping();
    say('Stopping …\n');
  } finally {
    for (const step of undo.reverse()) await step().catch((error: Error) => say(`while stopping: ${error.message}\n`));
  }
}

function endSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}

try {
  if (process.argv.includes('--help')) say(USAGE);
  else await run(parseOptions(process.argv.slice(2)));
} catch (error) {
  say(
    error instanceof UsageError
      ? `${error.message}\n\n${USAGE}`
      : `\nRookery cannot start: ${(error as Error).message}\n`,
  );
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
