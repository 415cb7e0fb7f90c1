import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/model/never-miss.test.ts'],
    env: { TRIBUTARY_LIVES: process.env.TRIBUTARY_LIVES ?? '10000' },
  },
});
