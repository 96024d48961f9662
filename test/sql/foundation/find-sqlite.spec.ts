import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../../../libs/scheduler-sql/src');
const SOURCES = ['driver/errors', 'driver/load-driver', 'driver/sqlite/find-sqlite'];
const HAS_OWN = Number(process.versions.node.split('.')[0]) >= 22;

/** In a process of its own, with the packages that a user's folder would have. */
describe.skipIf(HAS_OWN).each([
  ['ESM', ts.ModuleKind.ES2022, 'module'],
  ['CommonJS', ts.ModuleKind.CommonJS, 'commonjs'],
] as const)('the search for SQLite, as %s on a Node that has none of its own', (_, module, type) => {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-find-'));
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const install = (name: string, version: string, main: string): void => {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version, main: 'index.js' }));
    write(`node_modules/${name}/index.js`, main);
  };
  const search = (): string => {
    const file = join(folder, 'find.mjs');
    return execFileSync(process.execPath, [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  };

  beforeAll(() => {
    write('package.json', JSON.stringify({ type }));
    install('@carillon/scheduler', '0.1.0', '');
    write('node_modules/@carillon/scheduler/store.js', 'exports.SchedulerError = class extends Error {};');
    write(
      'node_modules/@carillon/scheduler/package.json',
      JSON.stringify({ name: '@carillon/scheduler', exports: { './store': './store.js' } }),
    );
    for (const source of SOURCES) {
      const options = { module, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
      const text = readFileSync(join(SRC, `${source}.ts`), 'utf8');
      write(`${source}.js`, ts.transpileModule(text, { compilerOptions: options }).outputText);
    }
    write(
      'find.mjs',
      `import { findSqlite } from './driver/sqlite/find-sqlite.js';
       await findSqlite().then((open) => console.log(open('x').kind), (error) => console.log(error.message));`,
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('says what to install', () => {
    expect(search()).toMatch(/No SQLite is installed.*npm install better-sqlite3@12 .*npm install libsql/);
  });

  it('takes libsql when there is nothing else, and better-sqlite3 12 before it', () => {
    install('libsql', '0.5.29', "module.exports = class { kind = 'libsql' };");
    expect(search()).toBe('libsql\n');
    install('better-sqlite3', '12.6.2', "module.exports = class { kind = 'better' };");
    expect(search()).toBe('better\n');
  });

  it('refuses better-sqlite3 13 by name, without loading it', () => {
    install('better-sqlite3', '13.0.1', 'process.abort();');
    expect(search()).toMatch(/better-sqlite3 13\.0\.1 does not run on Node .*npm install better-sqlite3@12/);
  });
});
