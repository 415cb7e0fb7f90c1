/**
 * `tributary run` in a process of its own: `node run-command.mjs FLOW HOME SOURCE`, the last the folder of the bucket `source`.
 * Prints what the process has used, as JSON.
 */

import { tributary } from '../cli/program.ts';
import { ownUsage } from './usage.ts';

const [flow = '', home = '', source = ''] = process.argv.slice(2);
const printed: string[] = [];
const exitCode = await tributary(['run', flow, '--home', home, '--mount', `source=${source}`], {
  out: (text) => printed.push(text),
  err: (text) => printed.push(text),
  interactive: false,
});
if (exitCode !== 0) throw new Error(printed.join('\n'));
console.log(JSON.stringify(ownUsage()));
