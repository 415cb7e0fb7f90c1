import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../core/ports.ts';
import { eventBridgeSink } from '../../../lambdas/aws/event-sink.ts';
import { jsonLog } from '../../../lambdas/aws/log.ts';
import { embeddedMetricSink } from '../../../lambdas/aws/metric-sink.ts';
import { fakeClient } from '../../support/fake-client.ts';

const clock: Clock = { now: () => 1_700_000_000_000, sleep: async () => {} };

describe('metrics', () => {
  it('prints one line in the embedded metric format, per flow and over all flows', async () => {
    const lines: string[] = [];
    const sink = embeddedMetricSink((line) => lines.push(line), clock);
    await sink.record('orders', { FlowExecutionsSucceeded: 1, FlowExecutionTime: 250 });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        _aws: {
          Timestamp: 1_700_000_000_000,
          CloudWatchMetrics: [
            {
              Namespace: 'Tributary',
              Dimensions: [['FlowName'], []],
              Metrics: [
                { Name: 'FlowExecutionsSucceeded', Unit: 'Count' },
                { Name: 'FlowExecutionTime', Unit: 'Milliseconds' },
              ],
            },
          ],
        },
        FlowName: 'orders',
        FlowExecutionsSucceeded: 1,
        FlowExecutionTime: 250,
      },
    ]);
  });

  it('prints nothing without metrics', async () => {
    const lines: string[] = [];
    await embeddedMetricSink((line) => lines.push(line), clock).record('orders', {});
    expect(lines).toEqual([]);
  });
});

describe('log', () => {
  it('is one JSON object a line with what is bound to it', () => {
    const lines: string[] = [];
    jsonLog((line) => lines.push(line), clock, { step: 'StartRun' }).warn('run skipped', {
      reason: 'held\nby x',
    });
    expect(lines).toEqual([
      '{"level":"warn","time":"2023-11-14T22:13:20.000Z","message":"run skipped","step":"StartRun","reason":"held\\nby x"}',
    ]);
  });
});

describe('events', () => {
  const event = { detailType: 'AppFlow End Flow Run Report', resources: ['arn'], detail: { status: 'ok' } };

  it('puts the event on the default bus', async () => {
    const { client, calls } = fakeClient<EventBridgeClient>({ PutEvents: { FailedEntryCount: 0 } });
    await eventBridgeSink(client, 'tributary').emit(event);
    expect(calls[0]?.input).toEqual({
      Entries: [
        {
          Source: 'tributary',
          DetailType: 'AppFlow End Flow Run Report',
          Resources: ['arn'],
          Detail: '{"status":"ok"}',
        },
      ],
    });
  });

  it('fails when the bus answers that it took nothing', async () => {
    const answer = { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'busy' }] };
    const { client } = fakeClient<EventBridgeClient>({ PutEvents: answer });
    await expect(eventBridgeSink(client, 'tributary').emit(event)).rejects.toMatchObject({
      code: 'StorageUnavailable',
      context: { vendorCode: 'InternalFailure' },
    });
  });
});
