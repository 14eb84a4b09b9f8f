import { LRUCache } from 'lru-cache';
import type { DirectoryRegistry } from '#directory/api';
import { err, ok, type RequestContext } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';

/** Between a partner's id, which rows carry, and its slug, which people read. Neither ever changes, so they may be kept. */
export class PartnerNames {
  private readonly slugs = new LRUCache<string, string>({ max: 10_000 });

  constructor(private readonly registry: DirectoryRegistry) {}

  /** Of a partner the caller may see; its id otherwise. */
  async slugOf(asking: Asking, id: string): Promise<string> {
    const known = this.slugs.get(id);
    if (known !== undefined) return known;
    const found = await this.registry.findPartner(asking.context, id);
    if (!found.ok) return id;
    this.slugs.set(id, found.value.slug);
    return found.value.slug;
  }

  async idOf(asking: Asking, idOrSlug: string): Promise<Reply<string>> {
    const found = await this.registry.findPartner(asking.context, idOrSlug);
    return found.ok ? ok(found.value.id) : found;
  }

  /** The partner a request is about: the one named, else the caller's own. An operator key has to name one. */
  async subject(asking: Asking, idOrSlug: string | undefined): Promise<Reply<string>> {
    if (idOrSlug !== undefined) return this.idOf(asking, idOrSlug);
    const own = asking.context.partnerId;
    if (own !== undefined) return ok(own);
    return err({
      code: 'invalid_value',
      errors: [{ field: 'partner', reason: 'an operator key has to name the partner' }],
    });
  }

  /** The caller's context, narrowed to the partner named, if one is. */
  async narrowed(asking: Asking, idOrSlug: string | undefined): Promise<Reply<RequestContext>> {
    if (idOrSlug === undefined) return ok(asking.context);
    const id = await this.idOf(asking, idOrSlug);
    return id.ok ? ok({ ...asking.context, partnerId: id.value }) : id;
  }
}
