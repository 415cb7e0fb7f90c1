import { TributaryError } from '../core/errors.ts';
import type { FlowDefinition } from '../core/flow/definition.ts';
import type { StateStore } from '../core/ports.ts';
import type { GivenSize } from '../engine/forecast/assumed-size.ts';
import { aggregationOf } from '../engine/run/output.ts';
import type { Run } from '../engine/run/run.ts';
import { readSegments } from '../engine/run/segment-record.ts';

/**
 * The size that a run had, as its record and its segments' tell.
 *
 * @throws InvalidArgument for a run that has read nothing, or has not ended well
 */
export async function measuredSize(flow: FlowDefinition, run: Run, state: StateStore): Promise<GivenSize> {
  const { counts, bytesProcessed = 0, bytesWritten = 0, objectsWritten = 0, splitCount = 1 } = run;
  if (run.status !== 'Successful' || !counts || counts.received === 0) {
    throw new TributaryError(
      'InvalidArgument',
      'only a successful run with records tells the size of the next',
      {
        at: `--from-run ${run.executionId}`,
        got: `${run.status}, ${counts?.received ?? 0} records`,
        fix: 'name another run, or give the size: --records, --record-bytes …',
      },
    );
  }
  const { pages } = await readSegments(state, run.executionId);
  const { natural, targetBytes } = aggregationOf(flow);
  const files = natural ? (flow.sourceFlowConfig.connectorType === 'S3' ? splitCount : pages) : 1;
  return {
    records: counts.received,
    recordBytes: bytesProcessed / counts.received,
    ...(counts.written > 0 && bytesWritten > 0 && { outputRecordBytes: bytesWritten / counts.received }),
    ...(pages > 0 && { pageRecords: Math.ceil(counts.received / pages) }),
    splits: splitCount,
    // How many files of a target size a partition has is not recorded.
    ...(targetBytes === undefined && { partitions: Math.max(1, Math.round(objectsWritten / files)) }),
  };
}
