import { ROUTES, type Volume } from '#api-schema';
import type { Noun, Output } from '../command.ts';
import { UsageError } from '../failure.ts';
import { bytes, fields, table } from '../table.ts';
import { given, IN, numberOf, requireChange, waiting, wordOf } from './values.ts';

import { volumeTier } from './volume-tier.ts';

const DRIVERS = ['local', 'nfs', 'smb', 'cifs', 'glusterfs', 'ceph', 'block', 'command'] as const;

export const volumeTable = (volumes: readonly Volume[]): string =>
  table(
    ['VOLUME', 'STATE', 'OWNER', 'EPOCH', 'ACCOUNTS', 'BYTES', 'CLASS', 'ID'],
    volumes.map((volume) => [
      volume.name,
      volume.state,
      volume.movingTo === null ? volume.owner : `${volume.owner ?? '-'} → ${volume.movingTo}`,
      volume.epoch,
      volume.accounts,
      bytes(volume.bytes),
      volume.volumeClass,
      volume.id,
    ]),
  );

const shown = (volume: Volume): Output => ({
  json: volume,
  text: fields({
    ...volume,
    bytes: bytes(volume.bytes),
    disk: volume.disk && `${bytes(volume.disk.freeBytes)} of ${bytes(volume.disk.bytes)} free`,
    mount: [volume.mount.driver, volume.mount.path, ...volume.mount.args].join(' '),
  }),
});

export const volume: Noun = {
  summary: 'mounted mail stores',
  verbs: {
    list: {
      args: [],
      options: { in: IN },
      summary: 'all volumes',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const { items } = await client.call(ROUTES.listVolumes, { params, query: undefined, body: undefined });
        return { json: items, text: volumeTable(items) };
      },
    },
    show: {
      args: ['VOLUME'],
      options: { in: IN },
      summary: 'one volume',
      async run({ client, args: [volume = ''], values }) {
        const params = { cluster: await client.cluster(values['in']), volume };
        return shown(await client.call(ROUTES.showVolume, { params, query: undefined, body: undefined }));
      },
    },
    create: {
      args: ['NAME'],
      options: {
        in: IN,
        path: { type: 'value', value: 'DIR', required: true, summary: 'where its directory is, once mounted' },
        driver: { type: 'value', value: 'DRIVER', summary: `${DRIVERS.join(', ')} (local)` },
        class: { type: 'value', value: 'CLASS', summary: 'label for placing accounts (standard)' },
        weight: { type: 'value', value: 'N', summary: 'share of the accounts it takes (1)' },
        prefer: { type: 'value', value: 'NODE', summary: 'the node it should be on' },
      },
      summary: 'add a volume',
      async run({ client, args: [name = ''], values }) {
        const driver = wordOf('driver', values['driver'], DRIVERS) ?? 'local';
        const body = {
          name,
          mount: { driver, path: values['path'] ?? '' },
          ...given({
            volumeClass: values['class'],
            weight: numberOf('weight', values['weight']),
            preferredNode: values['prefer'],
          }),
        };
        const params = { cluster: await client.cluster(values['in']) };
        return shown(await client.call(ROUTES.createVolume, { params, query: undefined, body }));
      },
    },
    update: {
      args: ['VOLUME'],
      options: {
        in: IN,
        class: { type: 'value', value: 'CLASS', summary: 'label for placing accounts' },
        weight: { type: 'value', value: 'N', summary: 'share of the accounts it takes' },
        prefer: { type: 'value', value: 'NODE|none', summary: 'the node it should be on' },
      },
      summary: 'change a volume',
      async run({ client, args: [volume = ''], values }) {
        const { prefer } = values;
        const body = requireChange(
          given({
            volumeClass: values['class'],
            weight: numberOf('weight', values['weight']),
            preferredNode: prefer === 'none' ? null : prefer,
          }),
        );
        const params = { cluster: await client.cluster(values['in']), volume };
        return shown(await client.call(ROUTES.updateVolume, { params, query: undefined, body }));
      },
    },
    tier: volumeTier,
    move: {
      args: ['VOLUME'],
      options: {
        in: IN,
        to: { type: 'value', value: 'NODE', summary: 'the node it should go to' },
        undo: { type: 'flag', summary: 'take the wish back' },
        wait: { type: 'flag', summary: 'until it serves there' },
      },
      summary: 'have it moved to a node',
      async run(invocation) {
        const { client, args, values, flags } = invocation;
        const [volume = ''] = args;
        const to = flags.has('undo') ? null : values['to'];
        if (to === undefined) throw new UsageError('Say where to with --to NODE.');
        const params = { cluster: await client.cluster(values['in']), volume };
        let now = await client.call(ROUTES.moveVolume, { params, query: undefined, body: { to } });
        await waiting(invocation, async () => {
          now = await client.call(ROUTES.showVolume, { params, query: undefined, body: undefined });
          const there = now.movingTo === null && now.state === 'serving';
          return there ? undefined : `${now.name}: ${now.state} on ${now.owner ?? 'nobody'}`;
        });
        return shown(now);
      },
    },
  },
};
