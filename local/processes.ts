/** Processes of this machine, told apart from later ones that got the same number. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** `<process id>-<when it started, in the system's own measure>`: letters, digits and a dash. */
export type ProcessId = string;

let own: ProcessId | undefined;

export function ownProcessId(): ProcessId {
  own ??= `${process.pid}-${startOf(process.pid) ?? ''}`;
  return own;
}

/** Whether that very process still runs: numbers are given again, after a restart and in every container. */
export function isAlive(id: ProcessId): boolean {
  const [, pid, start] = /^(\d+)-(.*)$/.exec(id) ?? [];
  return pid !== undefined && startOf(Number(pid)) === start;
}

/** Undefined: there is no such process, or it is dead and only waits for its parent to notice. */
function startOf(pid: number): string | undefined {
  if (process.platform !== 'linux') return startByPs(pid);
  try {
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the name in parentheses may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    return state === 'Z' || state === 'X' ? undefined : startTime;
  } catch {
    return undefined;
  }
}

function startByPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return text.trim().replaceAll(/\W+/g, '') || undefined;
  } catch {
    return undefined;
  }
}
