/**
 * Packs the built libraries and installs them, from the registry as a user would, into each
 * application beside this file; then runs that application's own test.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packages } from '../../scripts/packages.js';

/** A process that is kept alive by a timer left behind ends here, and fails. */
const TIMEOUT_MS = 5 * 60_000;

const here = import.meta.dirname;
const scratch = mkdtempSync(join(tmpdir(), 'carillon-package-'));
try {
  const tarballs = packages().map(({ folder }) => pack(folder));
  const apps = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of apps) {
    const app = join(scratch, name);
    cpSync(join(here, name), app, { recursive: true });
    console.log(`\n${name}`);
    npm(app, 'install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', ...tarballs);
    npm(app, 'test', '--silent');
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function pack(folder) {
  const options = { cwd: folder, encoding: 'utf8' };
  const answer = execFileSync('npm', ['pack', '--json', '--pack-destination', scratch], options);
  const [{ filename }] = JSON.parse(answer);
  return join(scratch, filename);
}

function npm(cwd, ...args) {
  execFileSync('npm', args, { cwd, stdio: 'inherit', timeout: TIMEOUT_MS });
}
