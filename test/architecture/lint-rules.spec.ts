import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const SRC = 'libs/scheduler/src';
const SQL = 'libs/scheduler-sql/src';

const RESTRICTED = 'eslint(no-restricted-imports)';
const GLOBAL = 'eslint(no-restricted-globals)';
const PROPERTY = 'eslint(no-restricted-properties)';

/** A file with one violation, and the rule that must report it. */
const VIOLATIONS: [path: string, text: string, rule: string][] = [
  ...forbiddenRooms('timing', ['model', 'ports', 'rules', 'runner', 'engine', 'memory', 'nest', 'testing']),
  ...forbiddenRooms('model', ['ports', 'rules', 'runner', 'engine', 'memory', 'nest', 'testing']),
  ...forbiddenRooms('ports', ['rules', 'runner', 'engine', 'memory', 'nest', 'testing']),
  ...forbiddenRooms('rules', ['runner', 'engine', 'memory', 'nest', 'testing']),
  ...forbiddenRooms('runner', ['engine', 'memory', 'nest', 'testing']),
  ...forbiddenRooms('engine', ['memory', 'nest', 'testing']),
  ...forbiddenRooms('memory', ['runner', 'engine', 'nest', 'testing']),
  ...forbiddenRooms('nest', ['testing']),
  ...['timing', 'model', 'ports', 'rules', 'runner', 'engine', 'memory', 'testing'].map(
    (room): [string, string, string] => [
      `${SRC}/${room}/nest-import.ts`,
      `export * from '@nestjs/common';`,
      RESTRICTED,
    ],
  ),
  [`${SRC}/engine/from-index.ts`, `export * from '../index.js';`, RESTRICTED],
  [`${SRC}/nest/from-package.ts`, `export * from '@carillon/scheduler';`, RESTRICTED],
  [`${SRC}/runner/timers.ts`, `export { setTimeout as wait } from 'node:timers/promises';`, RESTRICTED],
  [`${SRC}/model/type-import.ts`, `export type { Store } from '../ports/index.js';`, RESTRICTED],
  ...(
    [
      ['schema', 'driver'],
      ['driver', 'migrations'],
      ['driver', 'store'],
      ['migrations', 'turn'],
      ['turn', 'driver'],
      ['turn', 'store'],
    ] as const
  ).map(([room, other]): [string, string, string] => [
    `${SQL}/${room}/to-${other}.ts`,
    `export * from '../${other}/index.js';`,
    RESTRICTED,
  ]),
  [`${SQL}/store/to-index.ts`, `export * from '../index.js';`, RESTRICTED],
  [`${SQL}/driver/nest-import.ts`, `export * from '@nestjs/common';`, RESTRICTED],
  [`${SQL}/store/timers.ts`, `export { setTimeout as wait } from 'node:timers';`, RESTRICTED],
  [`${SQL}/driver/sqlite/timers.ts`, `export { setTimeout as wait } from 'node:timers';`, RESTRICTED],
  ['libs/scheduler-sql/src/store.ts', `export * from '../../scheduler/src/ports/index.js';`, RESTRICTED],
  ['apps/demo/src/internals.ts', `export * from '../../../libs/scheduler/src/index.js';`, RESTRICTED],
  [`${SRC}/engine/now.ts`, `export const now = Date.now();`, PROPERTY],
  [`${SRC}/engine/hrtime.ts`, `export const now = process.hrtime();`, PROPERTY],
  [`${SRC}/engine/global-this.ts`, `export const later = globalThis.setTimeout;`, PROPERTY],
  [`${SRC}/engine/timeout.ts`, `setTimeout(String, 5);`, GLOBAL],
  [`${SRC}/testing/interval.ts`, `setInterval(String, 5);`, GLOBAL],
  [`${SRC}/memory/immediate.ts`, `setImmediate(String);`, GLOBAL],
  [`${SRC}/runner/performance.ts`, `export const now = performance.now();`, GLOBAL],
  [`${SRC}/nest/print.ts`, `console.log('hello');`, 'eslint(no-console)'],
  [`${SRC}/nest/remark.ts`, `// TODO: later\nexport const a = 1;`, 'eslint(no-warning-comments)'],
  [`${SRC}/nest/remark2.ts`, `// see here, FIXME\nexport const a = 1;`, 'eslint(no-warning-comments)'],
  [`${SRC}/nest/long.ts`, 'export {};\n'.repeat(281), 'eslint(max-lines)'],
  [
    `${SRC}/nest/long-function.ts`,
    `export function f(a: number[]): void {\n${'  a.push(1);\n'.repeat(60)}}`,
    'eslint(max-lines-per-function)',
  ],
  [
    `${SRC}/rules/one.ts`,
    `import { two } from './two.js';\nexport const one = () => two;`,
    'import(no-cycle)',
  ],
  [
    `${SRC}/rules/two.ts`,
    `import { one } from './one.js';\nexport const two = () => one;`,
    'import(no-cycle)',
  ],
  [`${SRC}/nest/any.ts`, `export const a: any = 1;`, 'typescript(no-explicit-any)'],
];

const ALLOWED: [path: string, text: string][] = [
  [
    `${SQL}/driver/lower.ts`,
    `export * from '../schema/tables.js';\nexport * from '@carillon/scheduler/store';`,
  ],
  [`${SQL}/store/lower.ts`, `export * from '../driver/database.js';\nexport * from '../turn/effects.js';`],
  [
    `${SRC}/engine/system-clock.ts`,
    `export const now = Date.now() + performance.now();\nsetTimeout(String, 5);`,
  ],
  [`${SRC}/engine/date.ts`, `export const at = new Date(5);\nexport const utc = Date.UTC(2027, 0);`],
  [`${SRC}/engine/lower.ts`, `export * from '../runner/index.js';\nexport * from '../timing/index.js';`],
  [`${SRC}/memory/lower.ts`, `export * from '../rules/index.js';`],
  [`${SRC}/nest/root.ts`, `export * from '../memory/index.js';\nexport * from '../engine/index.js';`],
  [`${SRC}/nest/nest.ts`, `export * from '@nestjs/common';`],
  [`${SRC}/testing/yield.ts`, `export { setImmediate as yieldNow } from 'node:timers';`],
  [`${SQL}/driver/real-time.ts`, `export { setTimeout as wait } from 'node:timers';`],
  [`${SRC}/testing/all.ts`, `export * from '../nest/index.js';\nexport * from '../memory/index.js';`],
  [`${SRC}/model/model.spec.ts`, `export * from '../testing/index.js';\nexport const now = Date.now();`],
  ['apps/demo/src/package.ts', `export * from '@carillon/scheduler';\nsetTimeout(String, 5);`],
];

function forbiddenRooms(room: string, others: string[]): [string, string, string][] {
  return others.map((other) => [
    `${SRC}/${room}/to-${other}.ts`,
    `export * from '../${other}/index.js';`,
    RESTRICTED,
  ]);
}

describe('the lint rules, on a tree with planted violations', () => {
  let tree: string;
  const reported = new Map<string, string[]>();

  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'carillon-lint-'));
    for (const file of ['.oxlintrc.json', 'tsconfig.json']) copyFileSync(join(ROOT, file), join(tree, file));
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    writeFileSync(join(tree, '.gitignore'), 'node_modules\n');
    for (const [path, text] of [...VIOLATIONS, ...ALLOWED]) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), `${text}\n`);
    }
    const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
    const { stdout } = spawnSync(process.execPath, [oxlint, '--format=json'], {
      cwd: tree,
      encoding: 'utf8',
    });
    for (const { filename, code } of (JSON.parse(stdout) as Report).diagnostics) {
      reported.set(filename, [...(reported.get(filename) ?? []), code]);
    }
  });
  afterAll(() => rmSync(tree, { recursive: true, force: true }));

  it.each(VIOLATIONS)('report %s', (path, _, rule) => {
    expect(reported.get(path) ?? []).toContain(rule);
  });

  it.each(ALLOWED)('let %s be', (path) => {
    expect(reported.get(path) ?? []).toEqual([]);
  });
});

interface Report {
  diagnostics: { filename: string; code: string }[];
}
