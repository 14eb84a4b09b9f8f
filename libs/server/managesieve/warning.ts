import type { ScriptInfo } from '#mailstore/api';
import { formatDate } from '#protocol/message';
import type { Answer } from './command.ts';

/** Word of runs that failed, for the scripts' owner (RFC 5804 §1.3 WARNINGS); `undefined` when there is nothing to tell. */
export function warningOf(scripts: readonly ScriptInfo[]): Answer | undefined {
  const lines = scripts.flatMap(({ name, fault }) =>
    fault ? [`Script "${name}" failed on ${formatDate(fault.at)}, and the message was kept: ${fault.message}`] : [],
  );
  return lines.length > 0 ? { text: lines.join('\r\n'), code: 'WARNINGS' } : undefined;
}
