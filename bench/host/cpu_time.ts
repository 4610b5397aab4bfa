import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process and its descendants, in ms; 0 where the system does not tell. */
export function cpuTime(root: number | undefined): number {
  const parentOf = (pid: string) =>
    /^PPid:\s*(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? '0';
  const descends = (pid: string) => {
    let ancestor = pid;
    while (Number(ancestor) > 1 && Number(ancestor) !== root) ancestor = parentOf(ancestor);
    return Number(ancestor) === root;
  };
  const threadTime = (pid: string, task: string) =>
    Number(readText(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1e6;
  try {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && descends(name));
    return processes
      .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((task) => threadTime(pid, task)))
      .reduce((sum, ms) => sum + ms, 0);
  } catch {
    return 0; // not Linux, or a process has ended meanwhile
  }
}

/** A file of /proc; empty when its process has just ended. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
