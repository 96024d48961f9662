import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { slowReason } from './fast-specs.js';

const FILES: Record<string, string> = {
  'test/servers/ask.ts': '',
  'test/sql/world.ts': "export { serverUrl } from '../servers/ask.js';",
  'test/demo/process.ts': "import { fork } from 'node:child_process';",
  'libs/a/src/thread.ts': "import { Worker } from 'node:worker_threads';",
  'libs/a/src/quick.spec.ts': "import { a } from './thread.js';",
  'libs/a/src/rows.spec.ts': "import { eachDatabase } from '../../../test/servers/ask.js';",
  'test/plain.spec.ts': "import { it } from 'vitest';\nimport { plain } from './plain.js';",
  'test/plain.ts': "export * from './plain.js';",
  'test/spawns.spec.ts': "import { spawnSync } from 'node:child_process';",
  'test/sql/rows.spec.ts': "import {\n  world,\n} from './world.js';",
  'test/lazy.spec.ts': "const { start } = await import('./demo/process.js');",
};

describe('a spec', () => {
  const root = mkdtempSync(join(tmpdir(), 'carillon-specs-'));
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it.each([
    ['that starts a process', 'test/spawns.spec.ts', 'test/spawns.spec.ts'],
    ['that imports one that starts a process', 'test/lazy.spec.ts', 'test/demo/process.ts'],
    ['that asks for a server, through another file', 'test/sql/rows.spec.ts', 'test/servers/ask.ts'],
    ['beside its source that asks for a server', 'libs/a/src/rows.spec.ts', 'test/servers/ask.ts'],
  ])('%s is not fast', (_, spec, reason) => {
    expect(slowReason(root, spec)).toBe(reason);
  });

  it.each(['test/plain.spec.ts', 'libs/a/src/quick.spec.ts'])('such as %s is fast', (spec) => {
    expect(slowReason(root, spec)).toBeNull();
  });
});
