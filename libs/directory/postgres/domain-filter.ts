import { normaliseDomain } from '#directory/api';
import { isId } from './sql.ts';

/** The condition `$3` of a list of addresses: of the domain with this id or name; none for all. */
export function domainFilter(idOrName: string | undefined): {
  readonly sql: string;
  readonly values: readonly string[];
} {
  if (idOrName === undefined) return { sql: '', values: [] };
  if (isId(idOrName)) return { sql: 'AND domain_id = $3', values: [idOrName] };
  return {
    sql: 'AND domain_id = (SELECT id FROM domain WHERE name = $3)',
    values: [normaliseDomain(idOrName) ?? ''],
  };
}
