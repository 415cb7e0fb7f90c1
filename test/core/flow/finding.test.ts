import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, pathText, shorten } from '../../../core/flow/finding.ts';

describe('didYouMean', () => {
  it.each([
    ['taks', "did you mean 'tasks'?"],
    ['task', "did you mean 'tasks'?"],
    ['FLOWNAME', "did you mean 'flowName'?"],
    ['flwoName', "did you mean 'flowName'?"],
    ['flowNames', "did you mean 'flowName'?"],
    ['tgas', "did you mean 'tags'?"],
    ['tgs', "did you mean 'tags'?"],
    ['source', undefined],
    ['', undefined],
  ])('%s: %s', (word, suggestion) => {
    expect(didYouMean(word, ['tasks', 'tags', 'flowName'])).toBe(suggestion);
  });

  it('forgives any two neighbours swapped', () => {
    const word = 'destinationField';
    fc.assert(
      fc.property(fc.integer({ min: 0, max: word.length - 2 }), (i) => {
        const swapped = word.slice(0, i) + word[i + 1] + word[i] + word.slice(i + 2);
        expect(didYouMean(swapped, ['sourceFields', word])).toBe("did you mean 'destinationField'?");
      }),
    );
  });
});

describe('messages', () => {
  it('write places as people read them', () => {
    expect(pathText(['tasks', 3, 'connectorOperator', 'S3'])).toBe('tasks[3].connectorOperator.S3');
    expect(pathText(['tags', 'a b'])).toBe('tags["a b"]');
    expect(pathText([])).toBe('');
  });

  it('keep values short', () => {
    expect(shorten({ a: [1, 'b'] })).toBe('{"a":[1,"b"]}');
    expect(shorten('x'.repeat(100))).toBe(`"${'x'.repeat(56)}…`);
    expect(shorten(undefined)).toBe('nothing');
  });
});
