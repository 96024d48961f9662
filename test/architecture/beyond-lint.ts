import ts from 'typescript';

const ROOMS_BELOW: Record<string, readonly string[]> = {
  timing: [],
  model: ['timing'],
  ports: ['timing', 'model'],
  rules: ['timing', 'model', 'ports'],
  runner: ['timing', 'model', 'ports', 'rules'],
  engine: ['timing', 'model', 'ports', 'rules', 'runner'],
  memory: ['timing', 'model', 'ports', 'rules'],
  nest: ['timing', 'model', 'ports', 'rules', 'runner', 'engine', 'memory'],
  testing: ['timing', 'model', 'ports', 'rules', 'runner', 'engine', 'memory', 'nest'],
};

/** The one file that asks the machine for the time. */
const CLOCK = 'engine/system-clock.ts';

/**
 * What the linter cannot say of a library file: it asks for the time with `new Date()`, or reaches
 * another room through `import()`, `require()` or `import('…').Type`. One line for each violation.
 * `path` is relative to the package's src.
 */
export function violationsBeyondLint(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const report = (node: ts.Node, problem: string): void => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    found.push(`${path}:${line + 1} ${problem}`);
  };
  const visit = (node: ts.Node): void => {
    if (path !== CLOCK && asksForTheTime(node)) report(node, 'asks the machine for the time');
    const specifier = hiddenImport(node);
    if (specifier !== null && !mayReach(path, specifier)) report(node, `reaches ${specifier}`);
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

function mayReach(path: string, specifier: string): boolean {
  const from = path.split('/')[0]!;
  if (!(from in ROOMS_BELOW)) return true;
  if (specifier.startsWith('@nestjs/')) return from === 'nest';
  const room = /^(?:\.\.\/)+([^/]+)/.exec(specifier)?.[1];
  return room === undefined || !(room in ROOMS_BELOW) || room === from || ROOMS_BELOW[from]!.includes(room);
}
