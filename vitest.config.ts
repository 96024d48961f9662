import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The package names lead to the sources, so that no test needs a build.
  resolve: { tsconfigPaths: true },
  test: {
    include: ['libs/*/src/**/*.spec.ts', 'apps/*/src/**/*.spec.ts', 'test/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/package/**'],
    // Zones are always named in tests; a machine set to another zone must not change a result.
    env: { TZ: 'America/New_York' },
    testTimeout: 20_000,
    // Lends database servers, which it starts when a spec file asks.
    globalSetup: ['test/servers/global-setup.ts'],
    // .ci/run reads the counts for its closing line.
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: 'test-results/vitest.json' },
  },
});
