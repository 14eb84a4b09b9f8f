/** Ten seconds after the first failure, then twice as long each time, an hour at most. */
export const retryDelayMs = (failures: number): number => Math.min(10_000 * 2 ** Math.min(failures, 16), 3_600_000);
