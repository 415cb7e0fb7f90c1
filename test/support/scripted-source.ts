import type { Page, Row, Source, SourceDescription } from '#core';

export type ScriptedPage = Omit<Page, 'next' | 'bytes'>;

export interface ScriptedSource extends Source {
  /** Told before a page is answered; what it throws the session throws. */
  onRead: (split: number, page: number) => void;
  /** Told before a session is closed. */
  onClose: () => void;
  readonly opened: () => number;
  readonly closed: () => number;
}

/** A source of two String fields, id and name, whose splits have just these pages. */
export function scriptedSource(
  splits: readonly (readonly ScriptedPage[])[],
  more: Partial<SourceDescription> = {},
): ScriptedSource {
  let opened = 0;
  let closed = 0;
  const source: ScriptedSource = {
    onRead: () => undefined,
    onClose: () => undefined,
    opened: () => opened,
    closed: () => closed,
    describe: async () => ({
      fields: [
        { name: 'id', type: 'String' },
        { name: 'name', type: 'String' },
      ],
      splits: splits.map((_, split) => ({ split })),
      appliedFilters: [],
      appliesWindow: true,
      ...more,
    }),
    async open({ fields }, split) {
      opened++;
      const number = Number(split.split);
      const pages = splits[number] ?? [];
      return {
        async read(token) {
          const index = Number(token?.page ?? 0);
          source.onRead(number, index);
          const page = pages[index] ?? { rows: [] };
          const rows = page.rows.map((row) => fields.map((name) => row[name === 'id' ? 0 : 1] ?? null));
          return {
            ...page,
            rows,
            bytes: JSON.stringify(rows).length,
            ...(index + 1 < pages.length && { next: { page: index + 1 } }),
          };
        },
        async close() {
          closed++;
          source.onClose();
        },
      };
    },
    listEntities: async () => [],
    testConnection: async () => undefined,
  };
  return source;
}

/** Rows `from`, `from + 1` … as [id, name]. */
export function rows(from: number, count: number): Row[] {
  return Array.from({ length: count }, (_, i) => [String(from + i), `name ${from + i}`]);
}
