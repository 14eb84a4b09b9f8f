import type { Result } from '#stdx';

/** The value of a use case that cannot rightly be refused here; a refusal is told whole. */
export function accepted<T>(result: Result<T, object>): T {
  if (result.ok) return result.value;
  throw new Error(`refused: ${JSON.stringify(result.error)}`);
}
