import assert from 'node:assert/strict';
import type {
  Account,
  Alias,
  DirectoryError,
  DirectoryLookup,
  DirectoryRegistry,
  Domain,
  Partner,
  PasswordCost,
  Versioned,
} from '#directory/api';
import { type RequestContext, type Result, systemContext } from '#stdx';

/** What the suite needs of an implementation: an empty directory over one cluster and three volumes. */
export interface DirectoryFixture extends AsyncDisposable {
  readonly registry: DirectoryRegistry;
  readonly lookup: DirectoryLookup;
  /** Shared by all partners. */
  readonly clusterId: string;
  /** Belongs to nobody the suite makes; holds one volume of class `standard`. */
  readonly foreignClusterId: string;
  readonly foreignVolumeId: string;
  /** Of class `standard`, weights 1 and 2; of class `premium`, weight 1. */
  readonly volumes: { readonly light: string; readonly heavy: string; readonly premium: string };
  usage(): Promise<
    readonly {
      readonly id: string;
      readonly kind: string;
      readonly meter: string;
      readonly partnerId: string;
      readonly subject: string;
    }[]
  >;
  /** Makes the lookup's source unreachable. */
  cutOff(): Promise<void>;
}

/** RFC 9106's smallest: for tests only. */
export const CHEAP_PASSWORDS: PasswordCost = { memoryKiB: 8, passes: 1, lanes: 1, scramIterations: 4_096 };

export const OPERATOR: RequestContext = systemContext('contract');
export const actingFor = (partner: Pick<Partner, 'id'>): RequestContext => ({ ...OPERATOR, partnerId: partner.id });

export function value<T>(result: Result<T, DirectoryError>): T {
  assert(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
}

/** The refusal's code, with what tells one from another of the same code. */
export function refusal<T>(result: Result<T, DirectoryError>): string {
  assert(!result.ok, `not refused: ${JSON.stringify(result)}`);
  const { error } = result;
  switch (error.code) {
    case 'invalid':
      return `invalid ${error.field}`;
    case 'noVolume':
      return error.code;
    case 'notFound':
      return `notFound ${error.what}`;
    case 'conflict':
    case 'stale':
    case 'limit':
    case 'forbidden':
      return error.code;
  }
}

/** Short-hands for what the tests are not about. */
export class Scene {
  constructor(readonly fixture: DirectoryFixture) {}

  async partner(slug: string): Promise<Versioned<Partner>> {
    return value(await this.fixture.registry.createPartner(OPERATOR, { slug, name: slug }));
  }

  async domain(partner: Pick<Partner, 'id'>, name: string, more: object = {}): Promise<Versioned<Domain>> {
    return value(await this.fixture.registry.createDomain(OPERATOR, { partnerId: partner.id, name, ...more }));
  }

  async account(email: string, more: object = {}): Promise<Versioned<Account>> {
    return value(await this.fixture.registry.createAccount(OPERATOR, { email, password: 'correct horse', ...more }));
  }

  async alias(email: string, ...targets: string[]): Promise<Versioned<Alias>> {
    return value(await this.fixture.registry.createAlias(OPERATOR, { email, targets }));
  }

  /** The resolution as one readable line. */
  async resolved(address: string): Promise<string> {
    const outcome = await this.fixture.lookup.resolveRecipient(address);
    switch (outcome.kind) {
      case 'deliver':
        return [...outcome.accounts.map((account) => account.email), ...outcome.remote.map((to) => `→${to}`)].join(' ');
      case 'blocked':
        return `blocked: ${outcome.reason}`;
      case 'unknownUser':
      case 'notLocal':
        return outcome.kind;
    }
  }
}
