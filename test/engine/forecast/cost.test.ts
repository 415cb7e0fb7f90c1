import { expect, it } from 'vitest';
import { appFlowCost, costOf, sumOf } from '../../../engine/forecast/cost.ts';
import { noFigures } from '../../../engine/forecast/figures.ts';
import { type ListPrices, listPrices } from '../../../engine/forecast/list-prices.ts';

const prices = listPrices['us-east-1'] as ListPrices;

it('a run costs what each service asks for', () => {
  const figures = {
    ...noFigures(),
    stateTransitions: 1000,
    transferSeconds: 3600,
    controlSeconds: 10,
    transferInvocations: 4,
    controlInvocations: 6,
    s3Writes: 1000,
    s3Reads: 1000,
    stateWrites: 1000,
    stateReads: 1000,
    glueCalls: 100,
    events: 2,
    signatures: 1,
  };
  const costs = costOf(figures, { control: 1024, transfer: 512 }, prices);
  expect(costs.map(({ quantity, unit, usd }) => [quantity, unit, Number(usd.toFixed(8))])).toEqual([
    [1000, 'state transitions', 0.025],
    [1800, 'GB-seconds', 0.02400012],
    [10, 'GB-seconds', 0.00013333],
    [10, 'invocations', 0.000002],
    [1000, 'PUT, COPY and LIST requests', 0.005],
    [1000, 'GET and HEAD requests', 0.0004],
    [1000, 'write units', 0.000625],
    [1000, 'read units', 0.000125],
    [100, 'calls', 0.0001],
    [2, 'events', 0.000002],
    [1, 'signatures', 0.000015],
  ]);
  expect(sumOf(costs)).toBeCloseTo(0.05540245, 8);
});

it('AppFlow asks for runs and gigabytes', () => {
  expect(appFlowCost(50e9, prices)).toBeCloseTo(1.001, 9);
});
