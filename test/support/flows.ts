import type { FlowDefinition } from '../../core/flow/definition.ts';
import { checkFlow } from '../../core/flow/read.ts';

type S3OutputFormatConfig = NonNullable<
  NonNullable<
    FlowDefinition['destinationFlowConfigList'][number]['destinationConnectorProperties']['S3']
  >['s3OutputFormatConfig']
>;

export interface S3FlowOptions {
  readonly name?: string;
  readonly input?: 'CSV' | 'JSON';
  readonly output?: S3OutputFormatConfig;
  /** Source field → destination field. */
  readonly fields: Readonly<Record<string, string>>;
  /** Destination fields. */
  readonly partition?: readonly string[];
  readonly tasks?: readonly object[];
  readonly scheduled?: object;
  readonly more?: object;
}

/** A flow from `s3://inbox/in` to `s3://lake/out`. */
export function s3Flow(options: S3FlowOptions): FlowDefinition {
  const { fields, partition = [] } = options;
  return checkFlow(
    {
      flowName: options.name ?? 'orders',
      triggerConfig: options.scheduled
        ? { triggerType: 'Scheduled', triggerProperties: { Scheduled: options.scheduled } }
        : { triggerType: 'OnDemand' },
      sourceFlowConfig: {
        connectorType: 'S3',
        sourceConnectorProperties: {
          S3: {
            bucketName: 'inbox',
            bucketPrefix: 'in',
            s3InputFormatConfig: { s3InputFileType: options.input ?? 'CSV' },
          },
        },
      },
      destinationFlowConfigList: [
        {
          connectorType: 'S3',
          destinationConnectorProperties: {
            S3: { bucketName: 'lake', bucketPrefix: 'out', s3OutputFormatConfig: options.output ?? {} },
          },
        },
      ],
      tasks: [
        {
          taskType: 'Filter',
          sourceFields: Object.keys(fields),
          connectorOperator: { S3: 'PROJECTION' },
          taskProperties: {},
        },
        ...(options.tasks ?? []),
        ...Object.entries(fields).map(([source, destination]) => ({
          taskType: 'Map',
          sourceFields: [source],
          connectorOperator: { S3: 'NO_OP' },
          destinationField: destination,
          taskProperties: {},
        })),
        ...(partition.length > 0
          ? [
              {
                taskType: 'Partition',
                sourceFields: partition,
                connectorOperator: { S3: 'NO_OP' },
                taskProperties: { ORDERED_PARTITION_KEYS_LIST: JSON.stringify(partition) },
              },
            ]
          : []),
      ],
      ...options.more,
    },
    'test flow',
  );
}
