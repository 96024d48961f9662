import ts from 'typescript';
import { HOUSES } from './rooms.js';

/** The one file that asks the machine for the time. */
const CLOCK = 'libs/scheduler/src/engine/system-clock.ts';

/** Verbs with which a query of Kysely begins. */
const QUERY_VERBS = new Set([
  'selectFrom',
  'insertInto',
  'replaceInto',
  'updateTable',
  'deleteFrom',
  'mergeInto',
]);
const SQL_TEXT = /^\s*(select\s.*\sfrom|insert\s+into|replace\s+into|update\s+\S+\s+set|delete\s+from)\s/is;

/**
 * Reports in a library file what the linter cannot see, one line each: the time asked for with `new Date()`; another
 * room reached through `import()`, `require()` or `import('…').Type`; a query built outside the rooms for queries.
 * `path` begins with `libs/`.
 */
export function violationsBeyondLint(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const report = (node: ts.Node, problem: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${path}:${line + 1} ${problem}`);
  };
  const [, name = '', , room = ''] = path.split('/');
  const visit = (node: ts.Node): void => {
    if (path !== CLOCK && asksForTheTime(node)) report(node, 'asks the machine for the time');
    const specifier = hiddenImport(node);
    if (specifier !== null && !mayReach(name, room, specifier)) report(node, `reaches ${specifier}`);
    if (isQuery(node) && !knows(name, room, 'kysely')) report(node, 'builds a query');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `new Date()`, `new Date` and `Date()`. */
function asksForTheTime(node: ts.Node): boolean {
  if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return false;
  if (node.expression.getText() !== 'Date') return false;
  return ts.isCallExpression(node) || (node.arguments ?? []).length === 0;
}

function isQuery(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return QUERY_VERBS.has(node.name.text);
  if (ts.isStringLiteralLike(node)) return SQL_TEXT.test(node.text);
  return ts.isTemplateExpression(node) && SQL_TEXT.test(node.getText().slice(1));
}

function hiddenImport(node: ts.Node): string | null {
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal);
  if (!ts.isCallExpression(node)) return null;
  const loads =
    node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require';
  return loads ? textOf(node.arguments[0]) : null;
}

function textOf(node: ts.Node | undefined): string | null {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : null;
}

function mayReach(name: string, from: string, specifier: string): boolean {
  if (specifier.startsWith('@nestjs/')) return knows(name, from, '@nestjs');
  const rooms = HOUSES[name]?.rooms ?? {};
  const room = /^(?:\.\.\/)+([^/]+)/.exec(specifier)?.[1];
  if (!(from in rooms) || room === undefined || !(room in rooms)) return true;
  return room === from || rooms[from]!.sees.includes(room);
}

/** A package or a folder that has no line in the table may know everything. */
function knows(name: string, room: string, key: string): boolean {
  const house = HOUSES[name];
  if (house === undefined) return true;
  if (room.endsWith('.ts')) return false;
  return house.rooms[room] === undefined || (house.rooms[room].knows ?? []).includes(key);
}
