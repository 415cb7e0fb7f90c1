import { expect, it } from 'vitest';
import { spillFolder } from '../../local/spill-folder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('a spill folder gives each partition its lines in order, however many; and none where none were put', async () => {
  const folder = temporaryFolder();
  const [one, other] = [spillFolder(folder, 'one'), spillFolder(folder, 'other')];
  const lines = Array.from({ length: 3000 }, (_, i) => `${i} ${'x'.repeat(i % 97)}`);
  for (const [i, line] of lines.entries()) await one.add(i % 3, line);
  await other.add(0, 'other');
  const read = async (of: typeof one, partition: number) => {
    const found: string[] = [];
    for await (const line of of.read(partition)) found.push(line);
    return found;
  };
  expect(await read(one, 1)).toEqual(lines.filter((_, i) => i % 3 === 1));
  expect(await read(other, 0)).toEqual(['other']);
  expect(await read(other, 1)).toEqual([]);
});
