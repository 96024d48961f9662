import { readdirSync } from 'node:fs';
import { sep } from 'node:path';
import { defineConfig } from 'vitest/config';
import { slowReason } from './test/architecture/fast-specs.js';
import everything from './vitest.config.js';

const ROOT = import.meta.dirname;

/** Found by their imports, so that no list can be out of date. */
const slow = ['libs', 'apps', 'test']
  .flatMap((folder) =>
    readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: 'utf8' }).map(
      (file) => `${folder}/${file}`,
    ),
  )
  .map((file) => file.split(sep).join('/'))
  .filter((file) => file.endsWith('.spec.ts') && !/(^|\/)(node_modules|dist)\//.test(file))
  .filter((spec) => slowReason(ROOT, spec) !== null);

/** The tests of the edit loop: no servers, no processes, and each module is loaded once for all files. */
export default defineConfig({
  ...everything,
  test: {
    ...everything.test,
    exclude: [...(everything.test?.exclude ?? []), ...slow],
    // A spec that asks for a server in a way that its imports do not show fails here.
    globalSetup: [],
    isolate: false,
    maxWorkers: '100%',
    // Fewer random worlds and expressions than `npm test` tries.
    env: { ...everything.test?.env, CARILLON_WORLDS: '200', CARILLON_PROPERTY_RUNS: '200' },
  },
});
