/** Draws the ratios of the last benchmark: docs/performance.svg. */

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Result, readResults } from './results.ts';

/** @throws Error if no flow has been measured */
export async function writePlot(): Promise<void> {
  const { flows } = await readResults();
  if (!flows) throw new Error('nothing is measured yet: run `npm run bench` first');
  const file = fileURLToPath(new URL('../docs/performance.svg', import.meta.url));
  await writeFile(file, plot(flows.results));
}

interface Bar {
  readonly kind: 'peer' | 'libraries';
  readonly ratio: number;
}

const left = 190;
const width = 760;
const barHeight = 12;
const gap = 12;
const top = 64;
/** Room for a figure at the end of the longest bar. */
const figureWidth = 36;

/**
 * A bar for each comparison, from the line of equal speed to the left where we are slower and to the right where we are faster. The scale
 * is logarithmic: twice as fast is as far from that line as half as fast.
 */
export function plot(
  results: readonly Pick<Result, 'case' | 'comparedWith' | 'ratio' | 'libraries'>[],
): string {
  const rows = results.map(({ case: name, comparedWith, ratio, libraries }) => {
    // Pages are compared with libraries alone.
    const kind = comparedWith.startsWith('fetch') ? 'libraries' : 'peer';
    const bars: Bar[] = [
      { kind, ratio },
      ...(libraries ? [{ kind: 'libraries' as const, ...libraries }] : []),
    ];
    return { name, bars };
  });
  const ratios = rows.flatMap(({ bars }) => bars.map(({ ratio }) => ratio));
  const lowest = Math.floor(Math.log2(Math.min(0.5, ...ratios)));
  const highest = Math.ceil(Math.log2(Math.max(2, ...ratios)));
  const unit = (width - left - 2 * figureWidth) / (highest - lowest);
  const x = (ratio: number): number => left + figureWidth + (Math.log2(ratio) - lowest) * unit;

  let y = top;
  const drawn = rows.map(({ name, bars }) => {
    const begin = y;
    const shapes = bars.map(({ kind, ratio }) => {
      const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
      const side = ratio < 1 ? `x="${fixed(from - 4)}" text-anchor="end"` : `x="${fixed(to + 4)}"`;
      const shape = `<rect class="${kind}" x="${fixed(from)}" y="${y}" width="${fixed(to - from)}" height="${barHeight}"/><text ${side} y="${y + 10}">${ratio.toFixed(2)}</text>`;
      y += barHeight + 2;
      return shape;
    });
    const middle = begin + (bars.length * (barHeight + 2)) / 2 + 3;
    y += gap;
    return `<text x="${left - 8}" y="${fixed(middle)}" text-anchor="end">${name}</text>${shapes.join('')}`;
  });
  const marks = Array.from({ length: highest - lowest + 1 }, (_, n) => 2 ** (lowest + n));
  const lines = marks.map(
    (mark) =>
      `<line class="${mark === 1 ? 'equal' : 'grid'}" x1="${fixed(x(mark))}" x2="${fixed(x(mark))}" y1="${top - 8}" y2="${y}"/><text x="${fixed(x(mark))}" y="${top - 14}" text-anchor="middle">${mark < 1 ? `1/${1 / mark}` : mark}×</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 8}" font-family="sans-serif" font-size="11" role="img" aria-label="Speed of Tributary as a multiple of the other program's">
<style>
text { fill: #24292f } .grid { stroke: #d0d7de } .equal { stroke: #24292f } .peer { fill: #0969da } .libraries { fill: #8c959f }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #30363d } .equal { stroke: #e6edf3 } .peer { fill: #58a6ff } .libraries { fill: #6e7681 } }
</style>
<rect class="peer" x="${left}" y="12" width="12" height="12"/><text x="${left + 18}" y="22">of DuckDB with one thread, or of COPY</text>
<rect class="libraries" x="${left + 290}" y="12" width="12" height="12"/><text x="${left + 308}" y="22">of a pipeline of libraries</text>
${lines.join('\n')}
${drawn.join('\n')}
</svg>
`;
}

const fixed = (value: number): string => String(Number(value.toFixed(1)));
