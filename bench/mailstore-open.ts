import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { silentLogger, systemClock, systemContext } from '#stdx';

// How long a volume takes to open after its owner was killed: `npm run bench -- mailstore-open [--messages N] [--path DIR]`.
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    accounts: { type: 'string', default: '1000' },
    path: { type: 'string', default: tmpdir() },
    /** The volume to fill: what the forked process is told. */
    fill: { type: 'string' },
  },
});
const count = Number(values.messages);
const accountCount = Number(values.accounts);
const identity = { volumeId: 'bench', clusterId: 'bench' };
const options = { ...identity, clock: systemClock, logger: silentLogger, parse: () => messageParser() };
const context = systemContext('bench');

if (values.fill) await fillUntilKilled(values.fill);
else await measure();

/** Writes until it is killed; says when the volume holds enough. */
async function fillUntilKilled(path: string): Promise<void> {
  const store = await openVolume({ ...options, path, epoch: 1 });
  const specs = Array.from({ length: accountCount }, (_, n) => ({
    ...{ accountId: `account-${n}`, email: `u${n}@example.org`, partnerId: 'p', quotaBytes: 0 },
  }));
  for (const spec of specs) await store.ensureAccount(context, spec);
  const head = 'From: a@example.org\r\nTo: b@example.org\r\nSubject: many\r\nMessage-ID: <';
  for (let n = 0, told = false; ; n++) {
    const { accountId } = specs[n % specs.length]!;
    const message = await store.stage(Buffer.from(`${head}${n}@x>\r\n\r\nOne of very many.\r\n`));
    const items = Array.from({ length: 100 }, () => ({ message, keywords: [], internalDate: n }));
    await store.append(context, { accountId, mailboxId: 1 }, items);
    message.discard();
    if (told || store.health().messagesStored < count) continue;
    told = true;
    process.send?.('full');
  }
}

async function measure(): Promise<void> {
  const path = await mkdtemp(join(values.path, 'rookery-open-'));
  try {
    await createVolume(path, identity);
    const script = fileURLToPath(import.meta.url);
    const child = fork(script, ['--fill', path, '--messages', values.messages, '--accounts', values.accounts]);
    await new Promise((resolve) => child.once('message', resolve));
    // A little longer, so that the kill meets work under way.
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('close', resolve));
    for (let epoch = 2; epoch < 5; epoch++) {
      const begun = performance.now();
      const steps: string[] = [];
      const onStep = (step: string, ms: number): void => void steps.push(`${step} ${ms.toFixed(1)}`);
      const store = await openVolume({ ...options, path, epoch, onStep });
      const took = performance.now() - begun;
      const { messagesStored } = store.health();
      console.log(
        `open of ${messagesStored} messages ${epoch === 2 ? 'after kill -9' : 'after a clean close'}: ${took.toFixed(0)} ms (${steps.join(', ')})`,
      );
      await store.close();
    }
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}
