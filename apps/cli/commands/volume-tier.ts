import { type ColdPlace, ROUTES, type Tiering } from '#api-schema';
import type { Client } from '../client.ts';
import type { Command, Invocation, Option, Output } from '../command.ts';
import { RefusedError, UsageError } from '../failure.ts';
import { bytes, fields, parseBytes } from '../table.ts';
import { given, IN, waiting } from './values.ts';

const value = (name: string, summary: string): Option => ({ type: 'value', value: name, summary });

type Rules = Tiering['rules'];

/** `365,90:1MiB`: days, and for which sizes; `none`. */
export function rulesOf(text: string | undefined): Rules | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return [];
  return text.split(',').map((part) => {
    const match = /^(\d+(?:\.\d+)?)d?(?::(.+))?$/.exec(part.trim());
    const minBytes = match?.[2] === undefined ? 0 : parseBytes(match[2]);
    if (!match || minBytes === undefined)
      throw new UsageError(
        `--rules: DAYS or DAYS:SIZE, comma-separated, or none; not ${part} (for example 365,90:1MiB)`,
      );
    return { afterDays: Number(match[1]), minBytes };
  });
}

function placeOf({ values, flags }: Invocation): ColdPlace | undefined {
  const { directory, s3, bucket, region = 'us-east-1', prefix = '', credentials = 'default' } = values;
  if (directory !== undefined && s3 !== undefined) throw new UsageError('Either --directory or --s3.');
  if (directory !== undefined) return { kind: 'directory', path: directory };
  if (s3 === undefined) return undefined;
  if (bucket === undefined) throw new UsageError('--s3 needs --bucket.');
  const pathStyle = !flags.has('virtual-host');
  return { kind: 's3', endpoint: s3, region, bucket, prefix, pathStyle, credentials };
}

const ruleText = ({ afterDays, minBytes }: Rules[number]): string =>
  `${afterDays} days${minBytes > 0 ? ` and ${bytes(minBytes)}` : ''}`;

const placeText = (place: ColdPlace | null): string | null => {
  if (!place) return null;
  return place.kind === 'directory' ? place.path : `${place.endpoint} ${place.bucket}/${place.prefix}`;
};

const text = (name: string, tiering: Tiering): string =>
  fields({
    volume: name,
    cold: placeText(tiering.place),
    mail: tiering.rules.map(ruleText).join('; ') || 'none goes',
    hot: bytes(tiering.hotBytes),
    'on cold': `${bytes(tiering.coldBytes)} in ${tiering.coldSegments} segments`,
    moved: `${tiering.movedMessages} messages, ${bytes(tiering.movedBytes)}, stored as ${bytes(tiering.movedStoredBytes)}`,
    'to look at': `${tiering.dueSegments} segments, ${bytes(tiering.dueBytes)}`,
    state: tiering.running ? 'running' : 'at rest',
    trouble: tiering.trouble,
  });

/** `class=NAME`: the volumes of a class there are now. */
async function named(client: Client, cluster: string, which: string): Promise<readonly string[]> {
  const wanted = /^class=(.+)$/.exec(which)?.[1];
  if (wanted === undefined) return [which];
  const { items } = await client.call(ROUTES.listVolumes, { params: { cluster }, query: undefined, body: undefined });
  const names = items.filter(({ volumeClass }) => volumeClass === wanted).map(({ name }) => name);
  if (names.length === 0) throw new RefusedError(`There is no volume of class ${wanted}.`, { class: wanted });
  return names;
}

/** Changes it when there is a change, has it run when that is asked for, and tells how it is. */
async function tier(invocation: Invocation, cluster: string, volume: string): Promise<Tiering> {
  const { client, flags, values } = invocation;
  const [params, query] = [{ cluster, volume }, undefined];
  const place = placeOf(invocation);
  let rules = rulesOf(values['rules']);
  const show = (): Promise<Tiering> => client.call(ROUTES.showTiering, { params, query, body: undefined });
  if (place && !rules) rules = (await show()).rules;
  let now = rules
    ? await client.call(ROUTES.setTiering, { params, query, body: { ...given({ place }), rules } })
    : await show();
  if (!flags.has('run')) return now;
  now = await client.call(ROUTES.runTiering, { params, query, body: undefined });
  const total = now.dueBytes;
  await waiting(invocation, async () => {
    now = await show();
    if (!now.running && (now.dueSegments === 0 || now.trouble !== null)) return undefined;
    const what = `${volume}: to cold storage`;
    const done = Math.max(0, total - now.dueBytes);
    return { line: `${what}, ${now.movedMessages} messages moved`, step: { what, done, total, unit: 'bytes' } };
  });
  if (flags.has('wait') && now.trouble !== null) throw new RefusedError(`${volume}: ${now.trouble}`, now);
  return now;
}

export const volumeTier: Command = {
  args: ['VOLUME|class=CLASS'],
  options: {
    in: IN,
    rules: value('RULES', 'which mail goes: DAYS or DAYS:SIZE, comma-separated, for example 365,90:1MiB; none'),
    directory: value('DIR', 'where it goes: on a slower mount that every node has'),
    s3: value('URL', 'where it goes: S3-compatible storage, for example https://s3.example.com'),
    bucket: value('NAME', 'its bucket'),
    region: value('NAME', 'its region (us-east-1)'),
    prefix: value('TEXT', 'in front of every object’s name'),
    credentials: value('NAME', 'what the nodes call their keys for it (default)'),
    'virtual-host': { type: 'flag', summary: 'the bucket is part of the host’s name, not of the path' },
    run: { type: 'flag', summary: 'move all that is due now, rather than by and by' },
    wait: { type: 'flag', summary: 'with --run: until it is done' },
  },
  summary: 'old mail on cold storage: how far it is, or what to do',
  async run(invocation): Promise<Output> {
    const { client, args, values } = invocation;
    const cluster = await client.cluster(values['in']);
    const found: [string, Tiering][] = [];
    for (const name of await named(client, cluster, args[0] ?? ''))
      found.push([name, await tier(invocation, cluster, name)]);
    const [first] = found;
    return {
      json: found.length === 1 && first ? first[1] : Object.fromEntries(found),
      text: found.map(([name, tiering]) => text(name, tiering)).join('\n\n'),
    };
  },
};
