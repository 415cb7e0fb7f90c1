import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/vendor-specs/**/*.test.ts'], testTimeout: 60_000, pool: 'threads', maxWorkers: 1 },
});
