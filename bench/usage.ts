import { readFileSync } from 'node:fs';

/** What a process has used so far. */
export interface Usage {
  /** User and system time of all its threads. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** MB of 10^6 bytes. */
  readonly peakRssMb: number;
}

export function ownUsage(): Usage {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return {
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    wallSeconds: process.uptime(),
    peakRssMb: (peakRssKib() * 1024) / 1e6,
  };
}

/** Linux hands the resource usage's peak down from the parent at fork; the kernel's own figure is the process's alone. */
function peakRssKib(): number {
  if (process.platform === 'linux') {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (peak !== undefined) return Number(peak);
  }
  return process.resourceUsage().maxRSS;
}
