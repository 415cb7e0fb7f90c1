import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/simulators/vendors.test.ts'],
    env: { TRIBUTARY_SIMULATED_RECORDS: process.env.TRIBUTARY_SIMULATED_RECORDS ?? '20000' },
  },
});
