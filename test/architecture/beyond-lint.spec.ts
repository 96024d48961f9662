import { describe, expect, it } from 'vitest';
import { violationsBeyondLint } from './beyond-lint.js';
import { LIBRARIES, publishedFiles } from './source-files.js';

const SRC = 'libs/scheduler/src';
const SQL = 'libs/scheduler-sql/src';

describe('the checker', () => {
  it.each([
    ['new Date()', `${SRC}/model`, 'const now = new Date();'],
    ['new Date', `${SRC}/model`, 'const now = new Date;'],
    ['Date()', `${SRC}/model`, 'const now = Date();'],
    ['import()', `${SRC}/model`, "const nest = await import('../nest/index.js');"],
    ['import() from a folder in a room', `${SRC}/timing/cron`, "await import('../../model/index.js');"],
    ['require()', `${SRC}/model`, "const nest = require('../nest/index.js');"],
    ['an import type', `${SRC}/model`, "type Service = import('../nest/index.js').SchedulerService;"],
    ['import() of Nest', `${SRC}/model`, "const core = await import('@nestjs/core');"],
    ['import() of Nest in another package', `${SQL}/driver`, "const core = await import('@nestjs/core');"],
    ['a query begun in claim', `${SQL}/claim`, "const jobs = database.selectFrom('jobs');"],
    ['a query beside the rooms', SQL, "const jobs = database.deleteFrom('jobs');"],
    ['SQL in a string', `${SQL}/units`, "await run('delete from jobs where id = $1');"],
    ['SQL in a template', `${SQL}/complete`, 'await run(`select id\n from ${table} where id = 1`);'],
  ])('reports %s', (_, folder, line) => {
    expect(violationsBeyondLint(`${folder}/planted.ts`, `\n${line}\n`)).toEqual([
      expect.stringMatching(/planted\.ts:2 (asks the machine|reaches|builds a query)/),
    ]);
  });

  it.each([
    [`${SRC}/model/fine.ts`, 'const at = new Date(0);'],
    [`${SRC}/model/fine.ts`, 'const at = Date.UTC(2027, 0);'],
    [`${SRC}/model/fine.ts`, '// new Date() in a comment'],
    [`${SRC}/engine/system-clock.ts`, 'const now = new Date();'],
    [`${SRC}/nest/fine.ts`, "const validator = await import('class-validator');"],
    [`${SRC}/nest/fine.ts`, "const engine = await import('../engine/index.js');"],
    [`${SQL}/statements/fine.ts`, "const jobs = database.selectFrom('jobs');"],
    [`${SQL}/driver/postgres/fine.ts`, 'await run(`select id from jobs where id = ${id}`);'],
    [`${SQL}/claim/fine.ts`, "throw new Error('Select a database, or update the options.');"],
  ])('lets %s have %s', (path, line) => {
    expect(violationsBeyondLint(path, line)).toEqual([]);
  });
});

it.each(LIBRARIES)('libs/%s keeps what the linter cannot check', (name) => {
  const files = publishedFiles(name);
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap(({ path, text }) => violationsBeyondLint(path, text))).toEqual([]);
});
