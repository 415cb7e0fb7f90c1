import * as fs from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { connectorNames, loadConnector } from '../connectors/registry.ts';
import type { ConnectionDefinition } from '../core/connection.ts';
import { TributaryError } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import { commonTodo, type ImportedFlow, importFlow } from '../core/import/import-flow.ts';
import {
  type ConnectorKnowledge,
  type ImportedConnection,
  importProfile,
} from '../core/import/import-profile.ts';
import { type ItemReport, oneOfEachName } from '../core/import/imported.ts';
import { errnoOf, explained } from '../local/files.ts';
import { listConnectionFiles } from './connection-file.ts';
import { readSettings } from './connection-needs.ts';
import { supports } from './context.ts';
import { readImportFiles } from './import-files.ts';
import { counted, json } from './output.ts';
import type { Shell } from './shell.ts';

export interface ImportOptions {
  readonly out: string;
  readonly parameters?: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
}

interface Line extends ItemReport {
  readonly kind: 'flow' | 'connection';
  readonly name: string;
  /** Where it was found. */
  readonly place: string;
  /** Where it was written. */
  readonly file?: string;
}

interface ImportReport {
  readonly items: readonly Line[];
  /** What there was besides, and why it was not imported. */
  readonly notImported: readonly { readonly place: string; readonly reason: string }[];
  /** What is left to do for all flows together. */
  readonly todo: readonly string[];
}

/**
 * `tributary import FILE…`: flows and connections as files of `--out`, and a report. 0 if everything was imported, 2 if
 * something was refused; what could be imported is written in either case.
 */
export async function importCommand(
  files: readonly string[],
  options: ImportOptions,
  { terminal }: Shell,
): Promise<number> {
  const parameters = new Map(Object.entries(readSettings(options.parameters, '--parameters')));
  const unknown = new Set(parameters.keys());
  const found = await readImportFiles(files, (name) => {
    unknown.delete(name);
    return parameters.get(name);
  });
  if (unknown.size > 0) {
    throw new TributaryError('InvalidArgument', 'nothing in these files is called so', {
      at: '--parameters',
      got: [...unknown].join(', '),
    });
  }
  const knowledge = await connectorKnowledge();
  const connections = oneOfEachName(
    found.flatMap((one) => (one.kind === 'profile' ? [importProfile(one, knowledge)] : [])),
  );
  const known = await knownConnections(connections, path.join(options.out, 'connections'));
  const flows = oneOfEachName(
    found.flatMap((one) => (one.kind === 'flow' ? [importFlow(one, supports, connectionsOf(known))] : [])),
  );

  const items: Line[] = [];
  for (const one of connections) items.push(await writeConnection(one, options));
  for (const one of flows) items.push(await writeFlow(one, options));
  const others = found.flatMap((one) => (one.kind === 'notImported' ? [one] : []));
  const report: ImportReport = {
    items,
    notImported: others.map(({ place, reason }) => ({ place, reason })),
    todo: commonTodo(flows),
  };
  terminal.out(options.json ? json(report) : reportText(report));
  const refused = items.some((item) => item.refused.length > 0) || others.some(({ harmless }) => !harmless);
  return refused ? 2 : 0;
}

async function connectorKnowledge(): Promise<ConnectorKnowledge> {
  const settings = new Map<string, readonly string[]>();
  for (const name of connectorNames) {
    const loaded = await loadConnector(name);
    const of = loaded?.kind === 'declared' ? loaded.connector.settings : loaded?.connection?.settings;
    settings.set(name, Object.keys(of ?? {}));
  }
  return { connectorNames, settingsOf: (connector) => settings.get(connector) };
}

async function knownConnections(
  imported: readonly ImportedConnection[],
  folder: string,
): Promise<ReadonlyMap<string, ConnectionDefinition>> {
  const there = (await listConnectionFiles([folder])).map(({ definition }) => definition);
  const all = [...there, ...imported.flatMap(({ content }) => content ?? [])];
  return new Map(all.map((definition) => [definition.connectorProfileName, definition]));
}

const connectionsOf = (known: ReadonlyMap<string, ConnectionDefinition>) => (flow: FlowDefinition) => {
  const [destination] = flow.destinationFlowConfigList;
  return {
    source: known.get(flow.sourceFlowConfig.connectorProfileName ?? ''),
    destination: known.get(destination?.connectorProfileName ?? ''),
  };
};

// ---- files ----

async function writeFlow(
  { name, place, content: flow, report }: ImportedFlow,
  options: ImportOptions,
): Promise<Line> {
  const item = { kind: 'flow' as const, name, place, ...report };
  if (!flow) return item;
  const file = path.join(options.out, 'flows', `${name}.yaml`);
  return writeOnce(item, file, stringify(flow, { lineWidth: 0 }), options);
}

async function writeConnection(
  { name, place, content: definition, report }: ImportedConnection,
  options: ImportOptions,
): Promise<Line> {
  const item = { kind: 'connection' as const, name, place, ...report };
  if (!definition) return item;
  if (name.split('/').some((part) => part === '' || part.startsWith('.'))) {
    return { ...item, refused: ['the name cannot be that of a file'] };
  }
  const file = path.join(options.out, 'connections', `${name}.yaml`);
  const vpc =
    definition.connectionMode === 'Private'
      ? '# vpc:\n#   vpcId: vpc-…\n#   subnetIds: [subnet-…]\n#   securityGroupIds: [sg-…]\n'
      : '';
  return writeOnce(item, file, `${stringify(definition, { lineWidth: 0 })}${vpc}`, options);
}

/** Never over another file, unless told so. */
async function writeOnce(item: Line, file: string, text: string, { force }: ImportOptions): Promise<Line> {
  const there = await fs.readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (there !== undefined && there !== text && !force) {
    return { ...item, refused: [`${file} is there already, and says something else; --force replaces it`] };
  }
  await explained(file, async () => {
    await fs.mkdir(path.dirname(file), { recursive: true });
    await fs.writeFile(file, text);
  });
  return { ...item, file };
}

// ---- report ----

function reportText({ items, notImported, todo }: ImportReport): string {
  const lines = items.flatMap((item) => [
    `${item.kind} ${item.name}${item.file ? ` → ${item.file}` : ': not imported'}`,
    `  from ${item.place}`,
    ...section('refused', item.refused),
    ...section('kept', item.kept),
    ...section('differently', item.differently),
    ...section('not yet', item.notYet),
    ...section('to do', item.todo),
    '',
  ]);
  for (const { place, reason } of notImported) lines.push(`${place}: ${reason}`, '');
  if (todo.length > 0) lines.push('for all of them', ...section('to do', todo), '');
  const of = (kind: Line['kind']) => items.filter((item) => item.kind === kind && item.file);
  const cannotRun = of('flow').filter(({ notYet }) => notYet.length > 0).length;
  const refused = items.filter((item) => item.refused.length > 0).length;
  const flows = counted(of('flow').length, 'flow');
  lines.push(
    [
      cannotRun > 0 ? `${flows} (${cannotRun} not runnable in this version)` : flows,
      counted(of('connection').length, 'connection'),
      `${refused} refused`,
    ].join(', '),
  );
  return lines.join('\n');
}

/** The title stands before the first line alone. */
function section(title: string, texts: readonly string[]): string[] {
  return texts.map((text, i) => `  ${(i === 0 ? title : '').padEnd(12)} ${text}`);
}
