/** Checks what `npm pack` would publish: publint, attw, and no file that belongs to tests. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packages, root } from './packages.js';

for (const { folder, manifest } of packages()) {
  const dist = join(folder, 'dist');
  if (!existsSync(dist)) throw new Error(`${manifest.name} is not built. Run: npm run build`);
  const tests = readdirSync(dist, { recursive: true }).filter((file) => /\.(spec|test)\./.test(file));
  if (tests.length > 0) throw new Error(`${manifest.name} would publish tests: ${tests.join(', ')}`);
  run('publint', '--strict', folder);
  run('attw', '--pack', folder, '--format', 'ascii');
}

function run(tool, ...args) {
  execFileSync(join(root, 'node_modules/.bin', tool), args, { cwd: root, stdio: 'inherit' });
}
