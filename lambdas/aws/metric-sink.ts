import type { Clock, MetricName, MetricSink } from '../../core/ports.ts';

const units: Readonly<Record<MetricName, 'Count' | 'Milliseconds'>> = {
  FlowExecutionsStarted: 'Count',
  FlowExecutionsSucceeded: 'Count',
  FlowExecutionsFailed: 'Count',
  FlowExecutionTime: 'Milliseconds',
  FlowExecutionRecordsProcessed: 'Count',
};

/**
 * Metrics as one log line in CloudWatch's embedded metric format, which costs no call:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * Each metric is published per flow (dimension FlowName) and once more without dimensions, for the alarms over all flows.
 */
export function embeddedMetricSink(
  print: (line: string) => void,
  clock: Clock,
  namespace = 'Tributary',
): MetricSink {
  return {
    async record(flowName, metrics) {
      const names = (Object.keys(metrics) as MetricName[]).filter((name) => metrics[name] !== undefined);
      if (names.length === 0) return;
      const definition = {
        Namespace: namespace,
        Dimensions: [['FlowName'], []],
        Metrics: names.map((name) => ({ Name: name, Unit: units[name] })),
      };
      print(
        JSON.stringify({
          _aws: { Timestamp: clock.now(), CloudWatchMetrics: [definition] },
          FlowName: flowName,
          ...metrics,
        }),
      );
    },
  };
}
