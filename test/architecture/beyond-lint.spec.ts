import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { violationsBeyondLint } from './beyond-lint.js';

const LIBS = join(import.meta.dirname, '../../libs');

describe('the checker', () => {
  it.each([
    ['new Date()', 'const now = new Date();'],
    ['new Date', 'const now = new Date;'],
    ['Date()', 'const now = Date();'],
    ['import()', "const nest = await import('../nest/index.js');"],
    ['require()', "const nest = require('../nest/index.js');"],
    ['an import type', "type Service = import('../nest/index.js').SchedulerService;"],
    ['import() of Nest', "const core = await import('@nestjs/core');"],
  ])('reports %s in a room that may not', (_, line) => {
    expect(violationsBeyondLint('model/planted.ts', `\n${line}\n`)).toEqual([
      expect.stringMatching(/^model\/planted\.ts:2 (asks the machine|reaches)/),
    ]);
  });

  it.each([
    ['model/fine.ts', 'const at = new Date(0);'],
    ['model/fine.ts', 'const at = Date.UTC(2027, 0);'],
    ['model/fine.ts', '// new Date() in a comment'],
    ['engine/system-clock.ts', 'const now = new Date();'],
    ['nest/fine.ts', "const validator = await import('class-validator');"],
    ['nest/fine.ts', "const local = await import('../engine/index.js');"],
  ])('lets %s have %s', (path, line) => {
    expect(violationsBeyondLint(path, line)).toEqual([]);
  });
});

describe.each(readdirSync(LIBS))('libs/%s', (name) => {
  const src = join(LIBS, name, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'),
  );

  it('keeps what the linter cannot check', () => {
    expect(files.length).toBeGreaterThan(0);
    const found = files.flatMap((file) =>
      violationsBeyondLint(file.split(sep).join('/'), readFileSync(join(src, file), 'utf8')),
    );
    expect(found).toEqual([]);
  });
});
