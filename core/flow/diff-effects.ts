/** What becomes of a flow's state and catalog when one definition takes the place of another. */

import { canonicalJson } from './canonical-json.ts';
import type { FlowDefinition } from './definition.ts';
import { type FlowSchema, flowSchemaOf, identityFingerprint } from './fingerprint.ts';

export interface FlowEffects {
  readonly watermark: string;
  readonly schemaVersion: string;
  readonly catalog: string;
}

/** @param a the flow so far, `b` the one in its place; both in canonical form */
export function flowEffects(a: FlowDefinition, b: FlowDefinition): FlowEffects {
  return {
    watermark: watermarkEffect(a, b),
    schemaVersion: schemaEffect(a, b),
    catalog: catalogEffect(a, b),
  };
}

function watermarkEffect(a: FlowDefinition, b: FlowDefinition): string {
  const begin = firstWindow(b);
  if (a.flowName !== b.flowName) {
    return `another name is another flow, with a state of its own: ${begin}; the state of ${a.flowName} stays`;
  }
  if (identityFingerprint(a) !== identityFingerprint(b)) {
    return 'the next run is refused, as the watermark and the schema version belong to the source and destination so far: give the flow another flowName, or forget its state with `tributary reset`';
  }
  const [was, is] = [incremental(a), incremental(b)];
  if (!was && !is) return 'none: each run reads everything';
  if (!is) return 'kept, but not used: each run reads everything';
  if (!was) return `${begin}, unless the flow has a watermark from earlier runs`;
  const [old, now] = [fieldOf(a), fieldOf(b)];
  if (old !== now) {
    return `kept, but it bounds ${now ?? "the source's own field"} now, not ${old ?? "the source's own"}: run the flow once with --full, or records that differ in the two are missed`;
  }
  const notes = [
    ...(was.scheduleOffset === is.scheduleOffset
      ? []
      : [`windows end ${is.scheduleOffset ?? 0} s before a run, not ${was.scheduleOffset ?? 0}`]),
    ...(was.firstExecutionFrom === is.firstExecutionFrom
      ? []
      : ['firstExecutionFrom counts until there is a watermark']),
    ...(canonicalJson(a.tasks) === canonicalJson(b.tasks)
      ? []
      : ['records read before do not come again: for them, run the flow once with --full']),
  ];
  return ['kept', ...notes].join('; ');
}

function incremental(flow: FlowDefinition) {
  const scheduled = flow.triggerConfig.triggerProperties?.Scheduled;
  return scheduled?.dataPullMode === 'Incremental' ? scheduled : undefined;
}

const fieldOf = (flow: FlowDefinition): string | undefined =>
  flow.sourceFlowConfig.incrementalPullConfig?.datetimeTypeFieldName;

function firstWindow(flow: FlowDefinition): string {
  const scheduled = incremental(flow);
  if (!scheduled) return 'each run reads everything';
  const { firstExecutionFrom: from } = scheduled;
  const start = from === undefined ? '30 days before it' : new Date(from * 1000).toISOString();
  return `the first window begins ${start}`;
}

const partNames: Readonly<Record<keyof FlowSchema, string>> = {
  mapping: 'field mapping',
  format: 'data types',
  columns: 'order of columns',
  partition: 'partition settings',
};

function changedParts(a: FlowDefinition, b: FlowDefinition): string[] {
  const [old, now] = [flowSchemaOf(a), flowSchemaOf(b)];
  const parts = (['mapping', 'format', 'columns', 'partition'] as const).filter(
    (part) => canonicalJson(old[part] ?? null) !== canonicalJson(now[part] ?? null),
  );
  // Other columns, or another type of file, are in another order anyway.
  const said = parts.filter((part) => part !== 'columns' || parts.length === 1);
  return said.map((part) => partNames[part]);
}

function schemaEffect(a: FlowDefinition, b: FlowDefinition): string {
  if (a.flowName !== b.flowName) return 'begins at 1';
  const parts = changedParts(a, b);
  if (parts.length > 0) return `rises with the next run: other ${parts.join(', ')}`;
  const mapsAll = b.tasks.some((task) => task.taskType === 'Map_all');
  return mapsAll ? 'stays, as long as the source has the same fields (Map_all)' : 'stays';
}

function catalogEffect(a: FlowDefinition, b: FlowDefinition): string {
  const [was, is] = [a, b].map((flow) => flow.metadataCatalogConfig?.glueDataCatalog);
  if (!is) return was ? 'tables stay as they are, and are updated no more' : 'none';
  const place = `database ${is.databaseName}, prefix ${is.tablePrefix}`;
  if (!was || a.flowName !== b.flowName) return `the next run makes tables in ${place}`;
  if (was.databaseName !== is.databaseName || was.tablePrefix !== is.tablePrefix) {
    return `the next run makes tables in ${place}; those so far stay as they are`;
  }
  return changedParts(a, b).length > 0
    ? 'a new table for the new schema version; the tables _latest show its columns'
    : 'the tables so far';
}
