import { expect, test } from 'vitest';
import { plot } from '../../bench/plot.ts';
import type { Side } from '../../bench/results.ts';

const side: Side = {
  cpuSeconds: 1,
  wallSeconds: 1,
  peakRssMb: 1,
  rowsPerSecond: 1,
  mbPerSecond: 1,
  outputMb: 1,
};
const svg = plot([
  {
    case: 'json-parquet',
    comparedWith: 'DuckDB v1, 1 thread',
    ratio: 0.5,
    libraries: { comparedWith: 'readline', ratio: 3.999, theirs: side },
  },
  { case: 'pages-parquet', comparedWith: 'fetch().json() and hyparquet-writer', ratio: 2.5 },
  { case: 'postgres-parquet', comparedWith: 'COPY … TO STDOUT', ratio: 0.126 },
]);

/** Kind, and where it begins and ends. */
const bars = [...svg.matchAll(/<rect class="(\w+)" x="([\d.]+)" y="\d+" width="([\d.]+)"/g)]
  .slice(2)
  .map(([, kind, x, width]) => [kind, Number(x), Number(x) + Number(width)]);

test('each case is there once, with its ratios', () => {
  const texts = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
  expect(texts).toEqual([
    'of DuckDB with one thread, or of COPY',
    'of a pipeline of libraries',
    ...['1/8×', '1/4×', '1/2×', '1×', '2×', '4×'],
    ...['json-parquet', '0.50', '4.00'],
    ...['pages-parquet', '2.50'],
    ...['postgres-parquet', '0.13'],
  ]);
});

test('a bar leads from the line of equal speed to the ratio, as far for half as for twice as fast', () => {
  // 99.6 for a factor of two, from 226 at an eighth: 524.8 is 1.
  expect(bars).toEqual([
    ['peer', 425.2, 524.8],
    ['libraries', 524.8, 724],
    ['libraries', 524.8, 656.5],
    ['peer', 227.1, 524.8],
  ]);
});
