/** The first records of a flow before and after its tasks; nothing is written anywhere. */

import type { FlowDefinition } from '../core/flow/definition.ts';
import type { Row, Value } from '../core/records.ts';
import type { PageToken, SourceSession } from '../core/source.ts';
import { patience } from './patience.ts';
import type { EnginePorts } from './ports.ts';
import { outputOf } from './run/output.ts';
import { sourcePorts, sourceRequest } from './steps/describe-source.ts';
import { compileTasks } from './tasks/compile.ts';
import { planTasks } from './tasks/plan.ts';

export interface PreviewedRecord {
  /** Source field → value. */
  readonly before: Readonly<Record<string, Value>>;
  /** Destination field → value; or why there is none. */
  readonly after:
    | Readonly<Record<string, Value>>
    | { readonly droppedBy: string }
    | { readonly rejected: string };
}

/** @param limit records at most */
export async function preview(
  flow: FlowDefinition,
  limit: number,
  ports: EnginePorts,
): Promise<PreviewedRecord[]> {
  const { connectorProfileName } = flow.sourceFlowConfig;
  const connection = connectorProfileName ? await ports.loadConnection(connectorProfileName) : undefined;
  const asked = sourceRequest(flow, connection, { end: ports.clock.now() }, ports, limit);
  const around = sourcePorts(ports, connectorProfileName);
  const source = await ports.loadSource(asked.connector);
  const patiently = patience(ports.clock);
  const description = await patiently(() => source.describe(asked, around));
  const tasks = planTasks(flow.tasks, description.fields, {
    ...outputOf(flow),
    ...(description.parameters && { parameters: description.parameters }),
  });
  const residualFilters = asked.filters
    .map((_, index) => index)
    .filter((index) => !description.appliedFilters.includes(index));
  const mapper = compileTasks(tasks, { residualFilters });
  const request = { ...asked, fields: tasks.readFields };

  const previewed: PreviewedRecord[] = [];
  for (const split of description.splits) {
    if (previewed.length >= limit) break;
    const session = await patiently(() => source.open(request, split, around));
    try {
      for (const row of await firstRows(session, limit - previewed.length, patiently)) {
        const mapped = mapper.map(row);
        previewed.push({ before: named(tasks.readFields, row), after: after(mapped) });
      }
    } finally {
      await session.close();
    }
  }
  return previewed;

  function after(mapped: Row | number | { field: string; reason: string }): PreviewedRecord['after'] {
    if (Array.isArray(mapped))
      return named(
        tasks.destinationFields.map(({ name }) => name),
        mapped,
      );
    if (typeof mapped === 'number')
      return { droppedBy: `tasks[${mapped}] (${flow.tasks[mapped]?.taskType ?? 'task'})` };
    return { rejected: `${mapped.field}: ${mapped.reason}` };
  }
}

/** So many, of as many pages as it takes: a slice of a window may hold few. */
async function firstRows(
  session: SourceSession,
  count: number,
  patiently: ReturnType<typeof patience>,
): Promise<readonly Row[]> {
  const found: Row[] = [];
  let token: PageToken | undefined;
  while (true) {
    const from = token;
    const { rows, next } = await patiently(() => session.read(from));
    found.push(...rows.slice(0, count - found.length));
    if (found.length >= count || !next) return found;
    token = next;
  }
}

/** The record as a whole (`*`) shows its own members. */
function named(names: readonly string[], row: Row): Record<string, Value> {
  const [whole] = row;
  if (names.length === 1 && names[0] === '*' && typeof whole === 'object' && whole !== null) {
    return { ...(whole as Record<string, Value>) };
  }
  return Object.fromEntries(names.map((name, index) => [name, row[index] ?? null]));
}
