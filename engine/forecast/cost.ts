import type { RunFigures } from './figures.ts';
import type { ListPrices } from './list-prices.ts';

/** One line of a bill. */
export interface Cost {
  readonly service: string;
  /** What is paid for: `1,234 state transitions`. */
  readonly quantity: number;
  readonly unit: string;
  readonly usd: number;
}

export interface Memory {
  /** MB. */
  readonly control: number;
  readonly transfer: number;
}

/**
 * What AWS asks for one run at list prices, without free tiers. Not in it: what the source asks for its requests, traffic (a NAT
 * gateway's above all), logs, metrics, storage of the output.
 */
export function costOf(figures: RunFigures, memory: Memory, prices: ListPrices): Cost[] {
  const gigabyteSeconds = (seconds: number, megabytes: number): number => (seconds * megabytes) / 1024;
  const transfer = gigabyteSeconds(figures.transferSeconds, memory.transfer);
  const control = gigabyteSeconds(figures.controlSeconds, memory.control);
  const line = (service: string, quantity: number, unit: string, price: number): Cost => ({
    service,
    quantity,
    unit,
    usd: quantity * price,
  });
  return [
    line('Step Functions', figures.stateTransitions, 'state transitions', prices.transition),
    line('Lambda, transfer', transfer, 'GB-seconds', prices.gigabyteSecond),
    line('Lambda, control', control, 'GB-seconds', prices.gigabyteSecond),
    line(
      'Lambda, both',
      figures.transferInvocations + figures.controlInvocations,
      'invocations',
      prices.invocation,
    ),
    line('S3', figures.s3Writes, 'PUT, COPY and LIST requests', prices.s3Write),
    line('S3', figures.s3Reads, 'GET and HEAD requests', prices.s3Read),
    line('DynamoDB', figures.stateWrites, 'write units', prices.stateWrite),
    line('DynamoDB', figures.stateReads, 'read units', prices.stateRead),
    line('Glue', figures.glueCalls, 'calls', prices.glueCall),
    line('EventBridge', figures.events, 'events', prices.event),
    line('KMS', figures.signatures, 'signatures', prices.signature),
  ];
}

export function sumOf(costs: readonly Cost[]): number {
  return costs.reduce((sum, { usd }) => sum + usd, 0);
}

/** What AppFlow asks for a run that processes so many bytes. */
export function appFlowCost(bytes: number, prices: ListPrices): number {
  return prices.appFlowRun + (bytes / 1e9) * prices.appFlowGigabyte;
}
