/**
 * One run of a flow, in a process of its own: `node tributary.mjs CASE HOME SOURCE`. Prints the usage and the records
 * written, as JSON.
 */

import { checkConnector } from '#core';
import { loadConnector } from '../connectors/registry.ts';
import { checkFlow } from '../core/flow/read.ts';
import { localHome } from '../local/home.ts';
import { runFlow } from '../local/run-flow.ts';
import { cases } from './cases.ts';
import { pages } from './pages.ts';
import { ownUsage } from './usage.ts';

const [name, folder = '', source = ''] = process.argv.slice(2);
const found = cases.find((one) => one.name === name);
if (!found) throw new Error(`no case '${name}'`);
const home = localHome({
  home: folder,
  mounts: { source },
  // Written by the benchmark: where its server is.
  connectionFolders: [`${folder}/connections`],
  loadConnector: async (label) => {
    if (label !== pages.label) return loadConnector(label);
    checkConnector(pages);
    return { kind: 'declared', label, connector: pages };
  },
});
const result = await runFlow(checkFlow(found.flow, found.name), home);
if (result.status !== 'Successful') throw new Error(JSON.stringify(result));
console.log(JSON.stringify({ ...ownUsage(), rows: result.recordsWritten }));
