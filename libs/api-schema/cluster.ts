import { z } from 'zod';
import { Instant, Name } from './page.ts';

const Endpoint = z
  .object({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) })
  .meta({ id: 'Endpoint' });
const weight = z.number().positive().max(1_000_000);

const Span = z.object({ oldest: z.int(), newest: z.int() }).meta({ id: 'Span' });
const release = {
  version: z.string().describe('Of the product, as the member last said'),
  protocol: Span.describe('What it can speak with other members; two need one in common'),
  features: Span.describe('Feature levels of a cluster that it can work in'),
};

export const Cluster = z
  .object({
    id: z.uuid(),
    name: z.string(),
    partner: z.string().describe('Slug of its owner, who pays for its hub- and node-hours'),
    shared: z.boolean().describe('Whether any partner may place domains there'),
    failBack: z
      .enum(['auto', 'manual'])
      .describe('Whether volumes go back to the nodes they prefer by themselves; POST …/fail-back sends them'),
    failBackAfterSeconds: z.number().describe('How long a node must have been well before they do'),
    volumeWarnPercent: z.int().describe('A volume whose disk is that full is an alert'),
    volumeFullPercent: z.int().describe('and from here on a more urgent one'),
    featureLevel: z.int().describe('What its members may rely on each other to understand; only rises'),
    featureRaise: z
      .enum(['auto', 'manual'])
      .describe('Whether it rises by itself once every member knows the next; POST …/feature-level raises it'),
  })
  .meta({ id: 'Cluster' });

export const CreateCluster = z
  .strictObject({
    name: z.string(),
    partner: Name.describe('Id or slug of its owner'),
    shared: z.boolean().default(false),
  })
  .meta({ id: 'CreateCluster' });

export const UpdateCluster = z
  .strictObject({
    failBack: Cluster.shape.failBack.exactOptional(),
    failBackAfterSeconds: z.number().min(0).max(86_400).exactOptional(),
    featureRaise: Cluster.shape.featureRaise.exactOptional(),
    volumeWarnPercent: z.int().min(1).max(100).exactOptional(),
    volumeFullPercent: z.int().min(1).max(100).exactOptional(),
  })
  .meta({ id: 'UpdateCluster' });

export const RaiseFeatureLevel = z
  .strictObject({ level: z.int().min(1).exactOptional().describe('Default the highest that every member knows') })
  .meta({ id: 'RaiseFeatureLevel' });

export const Hub = z
  .object({
    id: z.uuid(),
    name: z.string(),
    leader: z.boolean(),
    state: z.enum(['up', 'down', 'stopped']).describe('stopped: it said that it ends'),
    ...release,
    sessions: z.int(),
    relay: Endpoint,
    tlsNotAfter: Instant.nullable().describe('When the certificate ends that it shows to clients'),
    startedAt: Instant,
    lastSeenAt: Instant,
  })
  .meta({ id: 'Hub' });

export const Node = z
  .object({
    id: z.uuid(),
    name: z.string(),
    state: z
      .enum(['active', 'standby', 'draining', 'down', 'stopped', 'fenced'])
      .describe('stopped: it said that it ends; down: it is gone without a word'),
    draining: z.boolean().describe('An operator wants it emptied'),
    eligible: z.boolean().describe('May be given volumes'),
    weight,
    ...release,
    volumes: z.array(z.uuid()).describe('Those it owns'),
    load: z.object({ volumes: z.int(), accounts: z.int() }),
    control: Endpoint,
    data: Endpoint,
    lastSeenAt: Instant.nullable(),
  })
  .meta({ id: 'Node' });

export const CreateNode = z
  .strictObject({
    name: z.string().min(1).max(100),
    control: Endpoint,
    data: Endpoint,
    weight: weight.default(1),
    eligible: z.boolean().default(true),
  })
  .meta({ id: 'CreateNode' });

export const DrainNode = z
  .strictObject({ drain: z.boolean().default(true).describe('false lets it take volumes again') })
  .meta({ id: 'DrainNode' });

export const UpdateNode = z
  .strictObject({ weight: weight.exactOptional(), eligible: z.boolean().exactOptional() })
  .meta({ id: 'UpdateNode' });

const driver = z.enum(['local', 'nfs', 'smb', 'cifs', 'glusterfs', 'ceph', 'block', 'command']);
const path = z.string().min(1).max(4_096).describe('Where the volume’s directory is, once mounted');
const args = z.array(z.string().max(4_096)).max(64).describe('The driver’s arguments, never a shell string');

const Mount = z.object({ driver, path, args }).meta({ id: 'Mount' });
const CreateMount = z.strictObject({ driver, path, args: args.default([]) }).meta({ id: 'CreateMount' });

export const Volume = z
  .object({
    id: z.uuid(),
    name: z.string(),
    state: z.enum(['unassigned', 'opening', 'serving', 'failed']),
    owner: z.string().nullable().describe('Name of the node that owns it'),
    epoch: z.int().describe('Grows by one with every change of owner'),
    accounts: z.int(),
    bytes: z.int().nullable().describe('Stored, as its node last reported; null before it did'),
    writable: z.boolean().describe('Its storage takes writes, as its node last reported'),
    disk: z
      .object({ bytes: z.int(), freeBytes: z.int(), trouble: z.enum(['readOnly', 'full']).nullable() })
      .nullable()
      .describe('The file system under it, as its node last reported; null before it did'),
    volumeClass: z.string(),
    weight,
    preferredNode: z.string().nullable(),
    movingTo: z.string().nullable().describe('Name of the node an operator wants it on'),
    mount: Mount,
  })
  .meta({ id: 'Volume' });

export const CreateVolume = z
  .strictObject({
    name: z.string().min(1).max(100),
    mount: CreateMount,
    volumeClass: z.string().default('standard'),
    weight: weight.default(1),
    preferredNode: Name.nullable().default(null).describe('Id or name'),
    fence: z
      .array(z.string().max(4_096))
      .min(1)
      .max(64)
      .nullable()
      .default(null)
      .describe('Executable and arguments run when the lock is still held at the deadline'),
  })
  .meta({ id: 'CreateVolume' });

export const UpdateVolume = z
  .strictObject({
    volumeClass: z.string().exactOptional(),
    weight: weight.exactOptional(),
    preferredNode: Name.nullable().exactOptional().describe('Id or name; null prefers none'),
  })
  .meta({ id: 'UpdateVolume' });

export const MoveVolume = z
  .strictObject({ to: Name.nullable().describe('Id or name of a node; null takes the wish back') })
  .meta({ id: 'MoveVolume' });

export const BackupJob = z
  .object({
    kind: z.enum(['backup', 'restore', 'repair']),
    state: z.enum(['running', 'done', 'failed']),
    text: z.string().describe('What came of it'),
  })
  .meta({ id: 'BackupJob' });

export const Backup = z
  .object({
    name: z.string(),
    at: Instant,
    accounts: z.int(),
    messages: z.int(),
    bytes: z.int().describe('It needs'),
    copiedBytes: z.int().describe('It had to copy; the rest was there'),
    damaged: z.array(z.string()).describe('Segments that could not be read in full'),
  })
  .meta({ id: 'Backup' });

export const Backups = z
  .object({
    items: z.array(Backup),
    job: BackupJob.nullable().describe('Under way, or the last since the node was started'),
  })
  .meta({ id: 'Backups' });

export const RestoreBackup = z
  .strictObject({
    backup: Name.describe('Its name'),
    account: Name.describe('Id or address of the account to bring it back to'),
    from: Name.exactOptional().describe('Id or address in the backup; default the same account'),
    mailbox: z.string().exactOptional().describe('Only this mailbox; else an account that holds nothing here'),
    message: z.int().min(1).exactOptional().describe('Only this message of the mailbox'),
    into: z.string().exactOptional().describe('Mailbox to put it in; default the one of the same name'),
  })
  .meta({ id: 'RestoreBackup' });

export const ClusterEvent = z
  .object({
    id: z.int(),
    at: Instant,
    kind: z.string(),
    subject: z.string().describe('Id of the hub, node or volume'),
    name: z.string().nullable().describe('Its name, while it is a member'),
    durationMs: z.number().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ClusterEvent' });

export const ClusterStatus = z
  .object({
    cluster: Cluster,
    at: Instant.describe('The control plane’s clock'),
    hubs: z.array(Hub),
    nodes: z.array(Node),
    volumes: z.array(Volume),
    events: z.array(ClusterEvent).describe('The last ones, oldest first'),
  })
  .meta({ id: 'ClusterStatus' });

const accountsMax = z.coerce.number().int().min(0).max(1_000).default(50).describe('Accounts to move, at most');

export const RebalanceQuery = z.object({ accounts: accountsMax });
export const CreateRebalance = z
  .strictObject({ accounts: z.int().min(0).max(1_000).default(50).describe('Accounts to move, at most') })
  .meta({ id: 'CreateRebalance' });

export const Rebalance = z
  .object({
    volumes: z
      .array(z.object({ volume: z.string(), from: z.string(), to: z.string(), why: z.enum(['preferred', 'load']) }))
      .describe('Volumes to move between nodes, by name'),
    accounts: z
      .array(z.object({ account: z.string(), from: z.string(), to: z.string(), why: z.enum(['misplaced', 'load']) }))
      .describe('Accounts to move between volumes; misplaced: on one its domain’s class or pins do not allow'),
  })
  .meta({ id: 'Rebalance' });

export const EventQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.coerce.number().int().min(0).exactOptional().describe('Only events with a greater id; else the newest'),
});

/** One delivery still to be made. */
export const QueueEntry = z
  .object({
    id: z.string().describe('Unique within its volume'),
    volume: z.uuid(),
    node: z.string(),
    partner: z.string().describe('Slug'),
    reversePath: z.string().describe('Empty for the null reverse-path'),
    forwardPath: z.string(),
    sizeBytes: z.int(),
    state: z.enum(['queued', 'held']),
    attempts: z.int(),
    createdAt: Instant,
    nextAttemptAt: Instant,
    lastError: z.string().nullable(),
  })
  .meta({ id: 'QueueEntry' });

export const Queue = z
  .object({
    entries: z.array(QueueEntry),
    unanswered: z.array(z.string()).describe('Volumes whose node did not say, by name'),
  })
  .meta({ id: 'Queue' });

export const QueueQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('Of each volume, at most'),
  partner: Name.exactOptional().describe('Id or slug: only what this partner pays for'),
});

export const ActOnQueueEntry = z
  .strictObject({ action: z.enum(['retry', 'hold', 'cancel']).describe('cancel drops it without a bounce') })
  .meta({ id: 'ActOnQueueEntry' });

export type Cluster = z.output<typeof Cluster>;
export type Hub = z.output<typeof Hub>;
export type Node = z.output<typeof Node>;
export type Volume = z.output<typeof Volume>;
export type Backup = z.output<typeof Backup>;
export type BackupJob = z.output<typeof BackupJob>;
export type ClusterEvent = z.output<typeof ClusterEvent>;
export type ClusterStatus = z.output<typeof ClusterStatus>;
export type Rebalance = z.output<typeof Rebalance>;
export type QueueEntry = z.output<typeof QueueEntry>;
export type Queue = z.output<typeof Queue>;
