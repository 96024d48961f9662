import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOUSES } from './rooms.js';

const ROOT = join(import.meta.dirname, '../..');
const SRC = 'libs/scheduler/src';
const SQL = 'libs/scheduler-sql/src';

const RESTRICTED = 'eslint(no-restricted-imports)';
const GLOBAL = 'eslint(no-restricted-globals)';
const PROPERTY = 'eslint(no-restricted-properties)';

type Violation = [path: string, text: string, rule: string];
type Allowed = [path: string, text: string];

/** A line for each import that only some rooms may have, under the name that the table uses. */
const KNOWLEDGE: Record<string, string> = {
  '@nestjs': `export * from '@nestjs/common';`,
  'node:timers': `export { setImmediate as later } from 'node:timers';`,
  kysely: `export { sql } from 'kysely';`,
};

/** Each room beside each thing that the table does not let it import. */
const FORBIDDEN = Object.entries(HOUSES).flatMap(([name, { rooms, files }]) =>
  Object.entries(rooms).flatMap(([room, { sees, knows = [], inner = [] }]): Violation[] => [
    ...Object.keys(rooms)
      .filter((other) => other !== room && !sees.includes(other))
      .map((other): Violation => [
        `libs/${name}/src/${room}/to-${other}.ts`,
        `export * from '../${other}/index.js';`,
        RESTRICTED,
      ]),
    ...files.map((file): Violation => [
      `libs/${name}/src/${room}/to-${file}-file.ts`,
      `export * from '../${file}.js';`,
      RESTRICTED,
    ]),
    ...Object.keys(KNOWLEDGE)
      .filter((key) => !knows.includes(key))
      .map((key): Violation => [
        `libs/${name}/src/${room}/knows-${key.replace(/\W/g, '')}.ts`,
        KNOWLEDGE[key]!,
        RESTRICTED,
      ]),
    ...inner.flatMap((own, at) =>
      inner
        .slice(at + 1)
        .map((later): Violation => [
          `libs/${name}/src/${room}/${own}/to-${later}.ts`,
          `export * from '../${later}/file.js';`,
          RESTRICTED,
        ]),
    ),
    [`libs/${name}/src/${room}/package.ts`, `export * from '@carillon/scheduler';`, RESTRICTED],
    [`libs/${name}/src/${room}/sleep.ts`, `export { setTimeout } from 'node:timers/promises';`, RESTRICTED],
  ]),
);

const PERMITTED = Object.entries(HOUSES).flatMap(([name, { rooms, sees: packages }]) =>
  Object.entries(rooms).map(([room, { sees, knows = [] }]): Allowed => [
    `libs/${name}/src/${room}/permitted.ts`,
    [
      'export const own = 1;',
      ...sees.map((other) => `export * from '../${other}/index.js';`),
      ...knows.map((key) => KNOWLEDGE[key]),
      ...packages.map((entry) => `export * from '${entry}';`),
    ].join('\n'),
  ]),
);

/** A file with one violation, and the rule that must report it. */
const VIOLATIONS: Violation[] = [
  ...FORBIDDEN,
  [`${SRC}/model/type-import.ts`, `export type { Store } from '../ports/index.js';`, RESTRICTED],
  [`${SRC}/timing/time/nest.ts`, KNOWLEDGE['@nestjs']!, RESTRICTED],
  [`${SRC}/timing/cron/deep.ts`, `export * from '../../model/index.js';`, RESTRICTED],
  [`${SQL}/driver/sqlite/deep.ts`, `export * from '../../units/index.js';`, RESTRICTED],
  [`${SQL}/sql-store.ts`, KNOWLEDGE.kysely!, RESTRICTED],
  [`${SQL}/options.ts`, `export * from '../../scheduler/src/ports/index.js';`, RESTRICTED],
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
    `${SQL}/claim/parameters.ts`,
    'export const f = (a: number, b: number, c: number, d: number, e: number, g: number) => a+b+c+d+e+g;',
    'eslint(max-params)',
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

const ALLOWED: Allowed[] = [
  ...PERMITTED,
  [`${SQL}/units/types.ts`, `export type { Kysely } from 'kysely';`],
  [`${SRC}/timing/dst/back.ts`, `export * from '../zone/zone.js';`],
  [`${SRC}/timing/dst/type.ts`, `export type { Trigger } from '../triggers/trigger.js';`],
  [`${SQL}/sources.ts`, `export * from './driver/index.js';\nexport * from './claim/index.js';`],
  [`${SQL}/driver/real-time.ts`, `export { setTimeout as wait } from 'node:timers';\n${KNOWLEDGE.kysely}`],
  [
    `${SRC}/engine/system-clock.ts`,
    `export const now = Date.now() + performance.now();\nsetTimeout(String, 5);`,
  ],
  [`${SRC}/engine/date.ts`, `export const at = new Date(5);\nexport const utc = Date.UTC(2027, 0);`],
  [`${SRC}/model/model.spec.ts`, `export * from '../testing/index.js';\nexport const now = Date.now();`],
  ['apps/demo/src/package.ts', `export * from '@carillon/scheduler';\nsetTimeout(String, 5);`],
];

describe('the lint rules, on a tree with planted violations', () => {
  let tree: string;
  const reported = new Map<string, string[]>();

  beforeAll(() => {
    tree = mkdtempSync(join(tmpdir(), 'carillon-lint-'));
    for (const file of ['oxlint.config.js', 'test/architecture/rooms.json', 'tsconfig.json']) {
      cpSync(join(ROOT, file), join(tree, file));
    }
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
    writeFileSync(join(tree, '.gitignore'), 'node_modules\n');
    for (const [path, text] of [...VIOLATIONS, ...ALLOWED]) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), `${text}\n`);
    }
    const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
    const { stdout } = spawnSync(process.execPath, [oxlint, '-c', 'oxlint.config.js', '--format=json'], {
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
