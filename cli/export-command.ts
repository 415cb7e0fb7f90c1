import * as fs from 'node:fs/promises';
import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { flowTemplate } from '../core/export/cloudformation.ts';
import { createFlowRequest } from '../core/export/create-flow.ts';
import { explained } from '../local/files.ts';
import { readFlowFile } from './context.ts';
import { json } from './output.ts';
import type { Shell } from './shell.ts';

export interface ExportOptions {
  readonly format: 'create-flow' | 'cloudformation';
  readonly out?: string;
}

/** `tributary export FLOW…`: flows in a form that AppFlow takes. Without `--out` on stdout. */
export async function exportCommand(
  files: readonly string[],
  { format, out }: ExportOptions,
  { terminal }: Shell,
): Promise<number> {
  const flows = [];
  for (const file of files) flows.push(await readFlowFile(file));
  if (format === 'cloudformation') {
    const text = json(flowTemplate(flows), 2);
    if (out === undefined) terminal.out(text);
    else await write(out, text);
    return 0;
  }
  const requests = flows.map(createFlowRequest);
  const [only, ...more] = requests;
  if (out === undefined && more.length > 0) {
    throw new TributaryError('InvalidArgument', 'a CreateFlow request is one flow', {
      got: `${flows.length} flows`,
      fix: 'name a folder for them with --out',
    });
  }
  if (out === undefined) terminal.out(json(only, 2));
  else
    for (const request of requests) await write(path.join(out, `${request.flowName}.json`), json(request, 2));
  return 0;
}

async function write(file: string, text: string): Promise<void> {
  await explained(file, async () => {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(file, `${text}\n`);
  });
}
