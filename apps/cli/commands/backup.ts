import { type BackupJob, ROUTES } from '#api-schema';
import { MailStoreError } from '#mailstore/api';
import { restoreVolume } from '#mailstore/volume';
import type { Client } from '../client.ts';
import type { Invocation, Noun, Option, Output } from '../command.ts';
import { RefusedError, UsageError } from '../failure.ts';
import { bytes, table } from '../table.ts';
import { done, given, IN, numberOf, waiting } from './values.ts';

const WAIT: Option = { type: 'flag', summary: 'until it is done' };

interface Place {
  readonly cluster: string;
  readonly volume: string;
}

async function placeOf({ client, args, values }: Invocation): Promise<Place> {
  return { cluster: await client.cluster(values['in']), volume: args[0] ?? '' };
}

const listed = (client: Client, params: Place) =>
  client.call(ROUTES.listBackups, { params, query: undefined, body: undefined });

/** The job as it is; with `--wait` as it ended, and a failed one is a refusal. */
async function followed(invocation: Invocation, params: Place, begun: BackupJob): Promise<Output> {
  let job: BackupJob | null = begun;
  const { client } = invocation;
  await waiting(invocation, async () => {
    job = (await listed(client, params)).job;
    return job?.state === 'running' ? `${job.kind} of ${params.volume} is under way` : undefined;
  });
  if (job?.state === 'failed') throw new RefusedError(`The ${job.kind} failed: ${job.text}`, job);
  return { json: job, text: `${job.kind} of ${params.volume}: ${job.state} ${job.text}`.trimEnd() };
}

export const backup: Noun = {
  summary: 'copies of volumes, and what is brought back from them',
  verbs: {
    list: {
      args: ['VOLUME'],
      options: { in: IN },
      summary: 'backups of a volume, oldest first',
      async run(invocation) {
        const json = await listed(invocation.client, await placeOf(invocation));
        const rows = json.items.map((each) => [
          ...[each.name, each.accounts, each.messages, bytes(each.bytes), bytes(each.copiedBytes)],
          each.damaged.length === 0 ? 'whole' : `${each.damaged.length} segments damaged`,
        ]);
        return { json, text: table(['BACKUP', 'ACCOUNTS', 'MESSAGES', 'NEEDS', 'COPIED', 'STATE'], rows) };
      },
    },
    create: {
      args: ['VOLUME'],
      options: { in: IN, wait: WAIT },
      summary: 'back a volume up to its node’s backup directory, while it works',
      async run(invocation) {
        const params = await placeOf(invocation);
        const job = await invocation.client.call(ROUTES.createBackup, { params, query: undefined, body: undefined });
        return followed(invocation, params, job);
      },
    },
    unpack: {
      args: ['BACKUPS', 'VOLUME-ID', 'BACKUP', 'DIR'],
      summary: 'make a volume of a backup in an empty directory of this machine; its next owner opens it',
      async run({ args: [directory = '', volumeId = '', name = '', path = ''] }) {
        try {
          await restoreVolume({ directory, volumeId, name }, path, Date.now());
        } catch (error) {
          if (error instanceof MailStoreError) throw new RefusedError(error.message, { code: error.code });
          throw error;
        }
        return done(`${path} is volume ${volumeId} as of ${name}; what waited in its queue is held`);
      },
    },
    repair: {
      args: ['VOLUME'],
      options: { in: IN, wait: WAIT },
      summary: 'replace damaged messages by whole copies from backups',
      async run(invocation) {
        const params = await placeOf(invocation);
        const job = await invocation.client.call(ROUTES.repairVolume, { params, query: undefined, body: undefined });
        return followed(invocation, params, job);
      },
    },
    restore: {
      args: ['VOLUME', 'BACKUP'],
      options: {
        in: IN,
        wait: WAIT,
        account: { type: 'value', value: 'USER@DOMAIN', required: true, summary: 'to bring it back to' },
        from: { type: 'value', value: 'ACCOUNT', summary: 'id or address in the backup (the same account)' },
        mailbox: {
          type: 'value',
          value: 'NAME',
          summary: 'only this mailbox; else an account that holds nothing here',
        },
        message: { type: 'value', value: 'ID', summary: 'only this message of the mailbox' },
        into: { type: 'value', value: 'NAME', summary: 'the mailbox to put it in (of the same name)' },
      },
      summary: 'bring back an account, a mailbox or a message',
      async run(invocation) {
        const { client, args, values } = invocation;
        const { account = '', from, mailbox, into } = values;
        const message = numberOf('message', values['message'], 1);
        if (mailbox === undefined && (message !== undefined || into !== undefined))
          throw new UsageError('--message and --into need --mailbox.');
        const params = await placeOf(invocation);
        const body = { backup: args[1] ?? '', account, ...given({ from, mailbox, message, into }) };
        return followed(
          invocation,
          params,
          await client.call(ROUTES.restoreBackup, { params, query: undefined, body }),
        );
      },
    },
  },
};
