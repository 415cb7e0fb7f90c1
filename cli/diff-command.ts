import { diffFlows } from '../core/flow/diff.ts';
import { readFlowFile } from './context.ts';
import { json, table } from './output.ts';
import type { Shell } from './shell.ts';

/** `tributary diff A B`: what is different in B, and what it does to the flow's state. */
export async function diffCommand(
  before: string,
  after: string,
  options: { readonly json?: boolean },
  { terminal }: Shell,
): Promise<number> {
  const { changes, effects } = diffFlows(await readFlowFile(before), await readFlowFile(after));
  if (options.json) {
    terminal.out(json({ changes, effects }));
    return 0;
  }
  if (changes.length === 0) {
    terminal.out('the same flow');
    return 0;
  }
  for (const change of changes) terminal.out(`- ${change}`);
  terminal.out('');
  terminal.out(
    table([
      ['watermark:', effects.watermark],
      ['schema version:', effects.schemaVersion],
      ['catalog:', effects.catalog],
    ]),
  );
  return 0;
}
