import {
  API_KEYS_PER_PARTNER_MAX,
  type ApiKey,
  checkName,
  checkScopes,
  type DirectoryRegistry,
  firstOf,
  isSecretOf,
  makeApiKeySecret,
  readApiKeySecret,
} from '#directory/api';
import { type Clock, err, ok, type Random } from '#stdx';
import { list, notFound } from './answers.ts';
import { type ApiKeyRow, find, maySee, type Tables } from './tables.ts';

type Method<Name extends keyof DirectoryRegistry> = DirectoryRegistry[Name];

export class MemoryApiKeys {
  constructor(
    private readonly tables: Tables,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  create: Method<'createApiKey'> = async (context, { partnerId, name, scopes }) => {
    const refusal = firstOf(checkName('name', name), checkScopes(partnerId, scopes));
    if (refusal) return err(refusal);
    if (!maySee(context, partnerId)) return notFound('partner');
    if (partnerId !== null && !this.tables.partners.has(partnerId)) return notFound('partner');
    const held = [...this.tables.apiKeys.values()].filter((key) => key.partnerId === partnerId);
    if (held.length >= API_KEYS_PER_PARTNER_MAX)
      return err({ code: 'limit', what: `${API_KEYS_PER_PARTNER_MAX} API keys a partner` });
    const secret = makeApiKeySecret(this.random);
    const row: ApiKeyRow = {
      id: this.random.uuid(),
      createdAt: new Date(this.clock.now()),
      partnerId,
      name,
      prefix: secret.prefix,
      scopes: [...scopes],
      lastUsedAt: null,
      hash: secret.hash,
    };
    this.tables.apiKeys.set(row.id, row);
    return ok({ ...withoutHash(row), secret: secret.text });
  };

  list: Method<'listApiKeys'> = async (context, page) => {
    const { items, ...rest } = list(
      this.tables.apiKeys,
      page,
      (key) => maySee(context, key.partnerId),
      (key) => key.id,
    );
    return { items: items.map(withoutHash), ...rest };
  };

  delete: Method<'deleteApiKey'> = async (context, id) => {
    const key = this.tables.apiKeys.get(id);
    if (!key || !maySee(context, key.partnerId)) return notFound('apiKey');
    this.tables.apiKeys.delete(id);
    return ok(undefined);
  };

  authenticate: Method<'authenticateApiKey'> = async (text) => {
    const secret = readApiKeySecret(text);
    const row = secret && find(this.tables.apiKeys, (key) => key.prefix === secret.prefix);
    if (!row || !isSecretOf(secret, row.hash)) return undefined;
    if (row.partnerId !== null && this.tables.partners.get(row.partnerId)?.state === 'closed') return undefined;
    this.tables.apiKeys.set(row.id, { ...row, lastUsedAt: new Date(this.clock.now()) });
    return withoutHash(row);
  };
}

const withoutHash = ({ hash: _, ...key }: ApiKeyRow): ApiKey => key;
