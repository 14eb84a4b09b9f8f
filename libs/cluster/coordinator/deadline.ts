import { ClusterStateUnavailableError } from '#cluster/api';
import type { Clock } from '#stdx';

/** The control plane's answer, or `ClusterStateUnavailableError` after `timeoutMs`: a server that hangs is away. */
export function withDeadline<T>(clock: Clock, timeoutMs: number, question: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () =>
      reject(new ClusterStateUnavailableError(`no answer within ${timeoutMs} ms`)),
    );
    question.then(resolve, reject).finally(() => timer.cancel());
  });
}
