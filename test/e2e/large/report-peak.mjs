// `node --import`: writes the process's peak resident memory, in KiB, to the file PEAK_FILE when it ends.
// Not resourceUsage().maxRSS: Linux hands that on from the process that forked this one.
import { readFileSync, writeFileSync } from 'node:fs';

process.on('exit', () => {
  const [, peak] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
  writeFileSync(process.env.PEAK_FILE, peak);
});
