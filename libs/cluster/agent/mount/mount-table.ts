/** One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
export interface Mounted {
  readonly path: string;
  readonly type: string;
  readonly source: string;
}

/** What is mounted at the path now: the last of several, which covers the others. */
export function mountedAt(table: string, path: string): Mounted | undefined {
  return parseMountTable(table).findLast((mounted) => mounted.path === path);
}

function parseMountTable(table: string): readonly Mounted[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [path, type, source] = [fields[4], fields[dash + 1], fields[dash + 2]];
    if (dash < 0 || !path || !type || !source) return [];
    return [{ path: unescaped(path), type, source: unescaped(source) }];
  });
}

/** Space, tab, newline and backslash are octal. */
const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
