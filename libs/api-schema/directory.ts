import { z } from 'zod';
import { Instant, Name, PageQuery, Version } from './page.ts';

const bytes = z.int().min(0);

export const Partner = z
  .object({
    id: z.uuid(),
    slug: z.string(),
    name: z.string(),
    state: z.enum(['active', 'suspended', 'closed']),
    currency: z.string().describe('ISO 4217; the currency of its invoices'),
    timeZone: z.string().describe('IANA zone its billing months are cut in'),
    createdAt: Instant,
    version: Version,
  })
  .meta({ id: 'Partner' });

export const CreatePartner = z
  .strictObject({
    slug: z.string().describe('Lower case letters, digits and inner hyphens, 1 to 63'),
    name: z.string(),
    currency: z.string().default('EUR'),
    timeZone: z.string().default('UTC'),
  })
  .meta({ id: 'CreatePartner' });

export const UpdatePartner = z
  .strictObject({
    name: z.string().exactOptional(),
    state: Partner.shape.state.exactOptional().describe('Operator keys only'),
    timeZone: z.string().exactOptional(),
  })
  .meta({ id: 'UpdatePartner' });

export const Domain = z
  .object({
    id: z.uuid(),
    name: z.string().describe('A-labels, lower case'),
    displayName: z.string().describe('The name as people write it (U-labels)'),
    partner: z.string().describe('Slug'),
    cluster: z.string().describe('Id of the cluster its accounts live in'),
    catchAll: z.string().nullable(),
    detailSeparator: z.string(),
    volumeClass: z.string(),
    createdAt: Instant,
    version: Version,
  })
  .meta({ id: 'Domain' });

const catchAll = z.string().nullable().describe('Address for unknown local parts; null rejects them');
const detailSeparator = z.string().max(1).describe('Separator of plus addressing; empty turns it off');

export const CreateDomain = z
  .strictObject({
    name: z.string().describe('DNS name, U-labels or A-labels'),
    partner: Name.exactOptional().describe('Id or slug; needed with an operator key, else one’s own'),
    cluster: Name.exactOptional().describe('Id or name; default the partner’s own cluster, else the shared one'),
    catchAll: catchAll.default(null),
    detailSeparator: detailSeparator.default('+'),
    volumeClass: z.string().default('standard').describe('Class of the volumes its accounts are placed on'),
  })
  .meta({ id: 'CreateDomain' });

export const UpdateDomain = z
  .strictObject({ catchAll: catchAll.exactOptional(), detailSeparator: detailSeparator.exactOptional() })
  .meta({ id: 'UpdateDomain' });

export const PinDomain = z
  .strictObject({ volumes: z.array(Name).max(100).describe('Ids or names; none places its accounts by class again') })
  .meta({ id: 'PinDomain' });

export const DomainPins = z
  .object({ volumes: z.array(z.string()).describe('Names of the volumes its accounts are placed on; none: by class') })
  .meta({ id: 'DomainPins' });

export const DnsRecord = z
  .object({
    name: z.string().describe('Fully qualified, without final dot'),
    type: z.enum(['MX', 'TXT', 'SRV', 'CNAME', 'A', 'AAAA']),
    value: z.string().describe('As in a zone file'),
    required: z.boolean(),
    purpose: z.string(),
  })
  .meta({ id: 'DnsRecord' });

export const DomainDns = z.object({ domain: z.string(), records: z.array(DnsRecord) }).meta({ id: 'DomainDns' });

export const Account = z
  .object({
    id: z.uuid(),
    email: z.string(),
    partner: z.string().describe('Slug'),
    domain: z.string(),
    displayName: z.string().nullable(),
    state: z
      .enum(['active', 'suspended', 'receiveBlocked'])
      .describe('suspended: no sign-in, no sending, mail is received; receiveBlocked: nothing either way'),
    volume: z.uuid().describe('Its home'),
    quotaBytes: bytes.describe('0 = unlimited'),
    usedBytes: bytes.nullable().describe('null while no node has ever said'),
    usedBytesAt: Instant.nullable().describe('When that was so'),
    usedBytesFresh: z.boolean().describe('Whether its node said so for this answer; else it is the last known value'),
    createdAt: Instant,
    version: Version,
  })
  .meta({ id: 'Account' });

const password = z.string().describe('8 characters at least; kept as Argon2id only');
const quotaBytes = bytes.describe('0 = unlimited');

export const CreateAccount = z
  .strictObject({
    email: z.string(),
    password,
    displayName: z.string().exactOptional(),
    quotaBytes: quotaBytes.default(0),
    volume: Name.exactOptional().describe('Id; default the one of the domain’s class with the most room'),
  })
  .meta({ id: 'CreateAccount' });

export const UpdateAccount = z
  .strictObject({
    displayName: z.string().nullable().exactOptional(),
    quotaBytes: quotaBytes.exactOptional(),
    state: Account.shape.state.exactOptional(),
    password: password.exactOptional(),
  })
  .meta({ id: 'UpdateAccount' });

export const AccountToken = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().describe('Its first characters, after rt_'),
    createdAt: Instant,
    expiresAt: Instant,
  })
  .meta({ id: 'AccountToken' });

export const CreateAccountToken = z
  .strictObject({
    name: z.string().describe('For people: which device or program has it'),
    lifetimeSeconds: z
      .int()
      .default(90 * 86_400)
      .describe('60 to 31,622,400 (366 days); default 7,776,000 (90 days)'),
  })
  .meta({ id: 'CreateAccountToken' });

export const CreatedAccountToken = AccountToken.extend({
  secret: z.string().describe('The token itself. It is shown this once.'),
}).meta({ id: 'CreatedAccountToken' });

export const DeletedMessage = z
  .object({
    id: z.string(),
    mailbox: z.string().describe('Where it was'),
    from: z.array(z.string()),
    subject: z.string().nullable(),
    sizeBytes: bytes,
    receivedAt: Instant,
    deletedAt: Instant,
  })
  .meta({ id: 'DeletedMessage' });

const since = Instant.describe('Deleted at or after');

export const DeletedQuery = PageQuery.extend({ since: since.exactOptional() });

export const RestoreDeleted = z
  .strictObject({
    messages: z.array(z.string()).min(1).max(1_000).exactOptional().describe('Ids; all, when neither is given'),
    since: since.exactOptional(),
  })
  .meta({ id: 'RestoreDeleted' });

export const RestoredMessages = z.object({ restored: z.int() }).meta({ id: 'RestoredMessages' });

export const Alias = z
  .object({
    id: z.uuid(),
    email: z.string(),
    partner: z.string().describe('Slug'),
    domain: z.string(),
    targets: z.array(z.string()),
    createdAt: Instant,
    version: Version,
  })
  .meta({ id: 'Alias' });

const targets = z.array(z.string()).describe('1 to 1,000 addresses, here or anywhere');
export const CreateAlias = z.strictObject({ email: z.string(), targets }).meta({ id: 'CreateAlias' });
export const UpdateAlias = z.strictObject({ targets }).meta({ id: 'UpdateAlias' });

const scopes = z
  .array(z.enum(['read', 'write', 'usage', 'operator']))
  .min(1)
  .describe(
    'usage: may send events of add-on meters and nothing else; write includes it. operator belongs to keys without a partner, and to all of them',
  );

export const ApiKey = z
  .object({
    id: z.uuid(),
    name: z.string(),
    partner: z.string().nullable().describe('Slug; null for the operator’s own'),
    prefix: z.string().describe('Its first characters, after rk_'),
    scopes,
    createdAt: Instant,
    lastUsedAt: Instant.nullable().describe('To the minute'),
  })
  .meta({ id: 'ApiKey' });

export const CreateApiKey = z
  .strictObject({
    name: z.string(),
    partner: Name.nullable().exactOptional().describe('Id or slug; null for an operator key; default one’s own'),
    scopes: scopes.default(['read', 'write']),
  })
  .meta({ id: 'CreateApiKey' });

export const CreatedApiKey = ApiKey.extend({
  secret: z.string().describe('The key itself. It is shown this once.'),
}).meta({ id: 'CreatedApiKey' });

export const InDomainQuery = PageQuery.extend({
  partner: Name.exactOptional().describe('Id or slug: only this partner’s'),
  domain: Name.exactOptional().describe('Id or name: only this domain’s'),
});

export type Partner = z.output<typeof Partner>;
export type DomainPins = z.output<typeof DomainPins>;
export type Domain = z.output<typeof Domain>;
export type DnsRecord = z.output<typeof DnsRecord>;
export type DomainDns = z.output<typeof DomainDns>;
export type Account = z.output<typeof Account>;
export type DeletedMessage = z.output<typeof DeletedMessage>;
export type AccountToken = z.output<typeof AccountToken>;
export type CreatedAccountToken = z.output<typeof CreatedAccountToken>;
export type Alias = z.output<typeof Alias>;
export type ApiKey = z.output<typeof ApiKey>;
export type CreatedApiKey = z.output<typeof CreatedApiKey>;
