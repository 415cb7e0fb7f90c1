import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/model/*.test.ts'], env: { TRIBUTARY_LIVES: '10000' } },
});
