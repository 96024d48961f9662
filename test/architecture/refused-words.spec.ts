import { describe, expect, it } from 'vitest';
import { refusedNames } from './refused-words.js';
import { HOUSES } from './rooms.js';
import { LIBRARIES, sourceFiles } from './source-files.js';

const FILE = 'libs/scheduler/src/engine/file.ts';

describe('the checker', () => {
  it.each([
    ['a constant', 'const TURN_LIMIT = 5;'],
    ['a function', 'function openBook() {}'],
    ['a parameter', 'function f(jobsTogether: number) {}'],
    ['a class', 'class RunCarrier {}'],
    ['a method', 'class A { tellAll() {} }'],
    ['a private field', 'class A { #upkeep = 1; }'],
    ['a property of a type', 'interface A { holds_place: number }'],
    ['a property of an object', "const a = { 'alarm-id': 1 };"],
    ['a type', 'type Announcement = string;'],
    ['a destructured name', 'const { completions: ends } = batch;'],
    ['an acronym beside the word', 'const SQLBook = 1;'],
  ])('reports %s', (_, text) => {
    expect(refusedNames(FILE, text)).toEqual([expect.stringContaining(`${FILE}:1 `)]);
  });

  it('reports the name of a file', () => {
    expect(refusedNames('libs/scheduler/src/engine/timer-alarms.ts', '')).toEqual([
      expect.stringContaining('timer-alarms: '),
    ]);
  });

  it.each([
    ['a longer word', 'const returns = 1, notebook = 2, replaced = 3, placement = 4;'],
    ['an instant', 'const pauseEndsAt = 1;'],
    ['a name from elsewhere', "export const a = text.endsWith('a'), b = api.place;"],
    ['a shorthand of a name from elsewhere', 'const f = (api) => ({ api });'],
    ['a title', "const cases = { 'takes the place of': 1 };"],
    ['a comment', '// in turn'],
  ])('lets %s be', (_, text) => {
    expect(refusedNames(FILE, text)).toEqual([]);
  });

  it('lets the rooms that speak of declarations keep the word for the code that declares a job', () => {
    expect(refusedNames('libs/scheduler/src/nest/discovery/file.ts', 'const place = 1;')).toEqual([]);
  });
});

describe.each(LIBRARIES)('no name has a refused word in libs/%s', (name) => {
  const files = sourceFiles(`libs/${name}/src`);
  const beside = files.filter(({ path }) => path.split('/').length === 4);

  it.each([...Object.keys(HOUSES[name]?.rooms ?? {}), ''])('/%s', (room) => {
    const here =
      room === '' ? beside : files.filter(({ path }) => path.startsWith(`libs/${name}/src/${room}/`));
    expect(here.flatMap(({ path, text }) => refusedNames(path, text))).toEqual([]);
  });
});

it.each(['apps', 'test', 'bench'])('no name has a refused word in %s', (folder) => {
  expect(sourceFiles(folder).flatMap(({ path, text }) => refusedNames(path, text))).toEqual([]);
});
