import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    include: ['libs/*/src/**/*.spec.ts', 'apps/*/src/**/*.spec.ts', 'test/**/*.spec.ts'],
    // Zones are always named in tests; a machine set to another zone must not change a result.
    env: { TZ: 'America/New_York' },
    testTimeout: 20_000,
  },
});
