import { describe, expect, it } from 'vitest';
import { crypticComments } from './comments.js';
import { LIBRARIES, publishedFiles } from './source-files.js';

describe('the checker', () => {
  it.each([
    ['a docstring', '/** What a job has had. */\nexport const a = 1;'],
    ['a docstring of several lines', '/**\n * Whose lease is over.\n */\nexport const a = 1;'],
    ['a line', '// Who waits is not here.\nexport const a = 1;'],
    ['a line behind code', 'export const a = 1; // whatever it was'],
    ['a docstring of a property', 'export interface A {\n  /** What it is. */\n  a: number;\n}'],
    ['a comment before a brace', 'export function f(): void {\n  // What follows is nothing.\n}'],
    ['a comment at the end', 'export const a = 1;\n// What was that?'],
  ])('reports %s that opens with a noun clause', (_, text) => {
    expect(crypticComments('planted.ts', text)).toEqual([expect.stringMatching(/^planted\.ts:\d "wh/i)]);
  });

  it.each([
    ['the second line of a comment', '// The store keeps\n// what it was given.\nexport const a = 1;'],
    ['a word that only begins so', '// Whole hours.\nexport const a = 1;'],
    ['a string', "export const a = '// What is it?';"],
    ['a template', 'export const a = `\n// What is ${1}?\n`;'],
  ])('lets %s be', (_, text) => {
    expect(crypticComments('planted.ts', text)).toEqual([]);
  });
});

it.each(LIBRARIES)('no comment of libs/%s opens with What, Who or Whose', (name) => {
  expect(publishedFiles(name).flatMap(({ path, text }) => crypticComments(path, text))).toEqual([]);
});
