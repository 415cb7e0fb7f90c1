import { type StateItem, type StateKey, type StateStore, TributaryError } from '#core';

export interface MemoryStateStore extends StateStore {
  /** All items, as `pk sk` → data, for assertions. */
  contents(): Record<string, unknown>;
}

/** A state table in memory: conditions, all-or-nothing writes, items that are plain JSON. */
export function memoryStateStore(): MemoryStateStore {
  const items = new Map<string, { pk: string; sk: string; revision: number; text: string }>();
  const keyOf = (pk: string, sk: string): string => `${pk}\0${sk}`;
  const read = <T extends object>(pk: string, sk: string): StateItem<T> | undefined => {
    const item = items.get(keyOf(pk, sk));
    return item && { pk, sk, revision: item.revision, data: JSON.parse(item.text) as T };
  };
  return {
    async get<T extends object>(pk: string, sk: string) {
      return read<T>(pk, sk);
    },
    async getAll<T extends readonly object[]>(keys: { readonly [K in keyof T]: StateKey }) {
      if (new Set(keys.map(({ pk, sk }) => keyOf(pk, sk))).size < keys.length)
        throw new Error('DynamoDB reads an item once in a transaction');
      return keys.map(({ pk, sk }) => read(pk, sk)) as { [K in keyof T]: StateItem<T[K]> | undefined };
    },
    async write(writes) {
      if (writes.length > 100) throw new Error('DynamoDB takes 100 items a transaction');
      for (const { pk, sk, expect } of writes) {
        const current = items.get(keyOf(pk, sk));
        const holds = expect === undefined || (expect === 'absent' ? !current : current?.revision === expect);
        if (!holds) throw new TributaryError('StateConflict', 'the item was changed', { at: `${pk}, ${sk}` });
      }
      for (const { pk, sk, set } of writes) {
        if (set === 'check') continue;
        const key = keyOf(pk, sk);
        if (set === 'delete') items.delete(key);
        else {
          const text = JSON.stringify(set);
          if (text.length > 400_000) throw new Error('DynamoDB takes 400 KB an item');
          items.set(key, { pk, sk, revision: (items.get(key)?.revision ?? 0) + 1, text });
        }
      }
    },
    async *list<T extends object>(
      pk: string,
      prefix: string,
      options: { descending?: boolean; limit?: number; after?: string } = {},
    ): AsyncIterable<StateItem<T>> {
      const { descending, after, limit } = options;
      const found = [...items.values()]
        .filter((item) => item.pk === pk && item.sk.startsWith(prefix))
        .filter(({ sk }) => after === undefined || (descending ? sk < after : sk > after))
        .sort((a, b) => (a.sk < b.sk ? -1 : 1));
      if (descending) found.reverse();
      for (const { sk, revision, text } of found.slice(0, limit)) {
        yield { pk, sk, revision, data: JSON.parse(text) as T };
      }
    },
    contents: () =>
      Object.fromEntries([...items.values()].map(({ pk, sk, text }) => [`${pk} ${sk}`, JSON.parse(text)])),
  };
}
