import { defineConfig } from 'vitest/config';

// npm run test:large: what needs Debian's PostgreSQL and MariaDB, an OData server from npm, or gigabytes; no cloud.

export default defineConfig({
  test: {
    root: new URL('../../..', import.meta.url).pathname,
    include: ['test/e2e/{databases,large}/*.test.ts'],
    globalSetup: ['test/e2e/large/build-command.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    // One measured process at a time.
    fileParallelism: false,
  },
});
