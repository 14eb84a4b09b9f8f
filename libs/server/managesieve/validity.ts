import { compileSieveBytes, formatProblem, type SieveLimits } from '#protocol/sieve';
import { ManageSieveRefusal } from './command.ts';

/** Refuses a script that cannot be run, naming every problem with its place (RFC 5804 §2.6). */
export function assertValid(script: Buffer, limits: SieveLimits): void {
  const compiled = compileSieveBytes(script, limits);
  if (!compiled.ok) throw new ManageSieveRefusal(compiled.problems.map(formatProblem).join('\r\n'));
}
