/**
 * Builds every package under libs/ from one set of sources: dist/esm for import and for Node's
 * module-sync, dist/cjs for Jest and for compilers that resolve as CommonJS does.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative, join } from 'node:path';
import { packages, root } from './packages.js';

const tsc = join(root, 'node_modules/typescript/bin/tsc');

for (const { folder, manifest } of packages()) {
  const started = performance.now();
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  compile(folder, 'dist/esm');
  // The nearest package.json says "module", so nodenext would emit ESM again. The types are checked by now.
  compile(folder, 'dist/cjs', '--module', 'commonjs', '--moduleResolution', 'bundler', '--noCheck');
  writeFileSync(join(folder, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${manifest.name} ${manifest.version} → ${relative(root, folder)}/dist in ${seconds} s`);
}

function compile(folder, outDir, ...options) {
  const project = join(folder, 'tsconfig.lib.json');
  execFileSync(process.execPath, [tsc, '-p', project, '--outDir', join(folder, outDir), ...options], {
    cwd: root,
    stdio: 'inherit',
  });
}
