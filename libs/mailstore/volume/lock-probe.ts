import { tryExclusive } from './lock.ts';
import { PROBE_ADMITTED, PROBE_REFUSED } from './lock-proof.ts';

// The child of `proveLocks`: says by its exit code whether the lock let it in.
const database = tryExclusive(process.argv[2] ?? '');
process.exitCode = database ? PROBE_ADMITTED : PROBE_REFUSED;
database?.close();
