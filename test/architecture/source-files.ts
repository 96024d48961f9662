import { readFileSync, readdirSync } from 'node:fs';
import { join, sep } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** The packages under libs/, by folder. */
export const LIBRARIES: readonly string[] = readdirSync(join(ROOT, 'libs'));

export interface SourceFile {
  /** From the root, with slashes. */
  path: string;
  text: string;
}

/** The TypeScript files below a folder of the project, specs included. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.split(sep).join('/')}`)
    .filter((path) => path.endsWith('.ts') && !/(^|\/)(node_modules|dist)\//.test(path))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** Those of a library that are published. */
export function publishedFiles(name: string): SourceFile[] {
  return sourceFiles(`libs/${name}/src`).filter(({ path }) => !path.endsWith('.spec.ts'));
}
