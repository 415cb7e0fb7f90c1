/** The support matrix, docs/connectors.md, out of the declarations and the catalogue. */

import { existsSync } from 'node:fs';
import { limitsText, pagesName } from '../cli/connectors-command.ts';
import { connectorNames, destinationConnectors, loadConnector } from '../connectors/registry.ts';
import {
  type Connector,
  type ConnectorDescription,
  describeConnector,
  type LoadedConnector,
} from '../core/index.ts';
import { applications, byLabel, excusesOf, fieldFinding } from '../test/support/catalog.ts';
import { folderOf } from '../test/support/declarations.ts';

const head = `# Connectors

What each connector covers of the application's tables in AppFlow's guide, and what it asks of the vendor. Made from the
declarations by \`npm run docs:connectors\`; \`tributary connectors NAME\` tells all about one.

- **Objects**, **Fields**: covered of those that the guide lists, or where it lists none, those that are declared. A field is covered
  that has the guide's type (or one that holds more) and operators. _discovered_: the account, the database or the files tell (more of) them.
- **Excused**: fields and objects of the guide that the vendor has no more, each with the vendor's page in the connector's \`excused.json\`.
- **Incremental**: entities whose pulls read what is new or changed, of those declared; others are read in full each time.
- **Vendor's filters**: fields that the vendor filters, and parameters of its own that a filter sets. Every other filter works too, after
  the fetch.
- **Takes records**: flows may write into it ([which](flows.md#records-into-an-application)).

| Connector | Authentication | Objects | Fields | Excused | Incremental | Pages | Vendor's filters | Takes records | Limits |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
`;

/** One line a connector, sorted, so that two that are added at once do not collide. */
export async function connectorsPage(): Promise<string> {
  const lines: string[] = [];
  for (const name of connectorNames) {
    const loaded = await loadConnector(name);
    if (loaded) lines.push(`| ${cellsOf(describeConnector(name, loaded), loaded).join(' | ')} |\n`);
  }
  return head + lines.sort((a, b) => a.localeCompare(b, 'en')).join('');
}

function cellsOf(described: ConnectorDescription, loaded: LoadedConnector): string[] {
  const { label, auth, entities, discovery, rateLimit } = described;
  const filtered = entities.flatMap(({ fields }) => fields).filter(({ pushedDown }) => pushedDown.length > 0);
  const parameters = entities.flatMap((entity) => entity.parameters);
  const incremental = entities.filter((entity) => entity.incremental);
  const covered = loaded.kind === 'declared' ? coverageOf(loaded.connector) : {};
  const excused = loaded.kind === 'declared' ? excusesOf(loaded.connector).length : 0;
  const declared = entities.reduce((sum, { fields }) => sum + fields.length, 0);
  return [
    `[${label}](../connectors/${homeOf(loaded)}/README.md)`,
    auth.map(({ scheme }) => scheme).join(', ') || 'none',
    told(covered.objects, entities.length, discovery),
    told(covered.fields, declared, discovery),
    String(excused || ''),
    entities.length === 0 ? '' : `${incremental.length}/${entities.length}`,
    [...new Set(entities.map(({ pagination }) => pagesName(pagination)))].join(', '),
    [some(filtered.length, 'field'), some(parameters.length, 'parameter')].filter(Boolean).join(', '),
    destinationConnectors.includes(described.name) ? 'yes' : '',
    limitsText(rateLimit),
  ];
}

function told(covered: string | undefined, declared: number, discovery: boolean): string {
  const counted = covered ?? (declared > 0 ? String(declared) : '');
  return [counted, discovery ? 'discovered' : ''].filter(Boolean).join(', ');
}

function some(count: number, noun: string): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function homeOf(loaded: LoadedConnector): string {
  const declaring = loaded.kind === 'declared' ? folderOf(loaded.connector) : undefined;
  if (declaring !== undefined) return declaring;
  const folder = loaded.label.toLowerCase().replaceAll(' ', '-');
  if (!existsSync(new URL(`../connectors/${folder}/README.md`, import.meta.url)))
    throw new Error(`${loaded.label}: there is no connectors/${folder}/README.md`);
  return folder;
}

/** Objects and fields that are covered of those listed; `undefined` where the guide lists none. */
function coverageOf(connector: Connector): { readonly objects?: string; readonly fields?: string } {
  const objects = applications.find((application) => application.connector === connector)?.objects ?? [];
  const pairs = objects.map(({ object, fields }) => ({
    entity: byLabel(connector.entities, object),
    fields,
  }));
  // One without fields, and not declared, is left to the account.
  const listed = pairs.filter(({ entity, fields }) => entity || fields.length > 0);
  const all = listed.flatMap(({ entity, fields }) => fields.map((field) => ({ entity, field })));
  const covered = all.filter(({ entity, field }) => entity && fieldFinding(entity, field) === undefined);
  return {
    ...(listed.length > 0 && { objects: `${listed.filter(({ entity }) => entity).length}/${listed.length}` }),
    ...(all.length > 0 && { fields: `${covered.length}/${all.length}` }),
  };
}
