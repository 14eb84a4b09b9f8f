import { Resolver as NodeResolver } from 'node:dns/promises';
import { type Resolver, ResolverError } from '#queue';

/** c-ares' words for "there is no such thing", as opposed to "nobody could say". */
const NOT_FOUND = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/** DNS through the system's servers, or those of the settings. */
export class DnsResolver implements Resolver {
  private readonly resolver = new NodeResolver({ timeout: 5_000, tries: 2 });

  constructor(servers: readonly string[] | undefined) {
    if (servers) this.resolver.setServers(servers);
  }

  mx(domain: string): ReturnType<Resolver['mx']> {
    return this.ask(async () =>
      (await this.resolver.resolveMx(domain)).map(({ exchange, priority }) => ({ exchange, preference: priority })),
    );
  }

  async addresses(host: string): Promise<readonly string[]> {
    const [six, four] = await Promise.allSettled([
      this.ask(() => this.resolver.resolve6(host)),
      this.ask(() => this.resolver.resolve4(host)),
    ]);
    const found = [six, four].flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    if (found.length > 0) return found;
    throw four.status === 'rejected' ? four.reason : (six as PromiseRejectedResult).reason;
  }

  private async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw new ResolverError(NOT_FOUND.has(code) ? 'notFound' : 'temporary', message, { cause: error });
    }
  }
}
