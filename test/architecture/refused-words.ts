import ts from 'typescript';

interface RefusedWord {
  /** Each is refused as a part of a name: `turn` in `jobTurn` and `job-turn.ts`, but not in `return`. */
  words: readonly string[];
  /** Names in which the word means something else. */
  except?: RegExp;
  /** Files in which the word has the one meaning that it keeps. */
  exceptIn?: RegExp;
  /** The reason, and the word to use. */
  instead: string;
}

/** Metaphors that once named parts of the scheduler, and the words of the field that took their place. */
export const REFUSED_WORDS: readonly RefusedWord[] = [
  { words: ['turn', 'turns'], instead: 'A job with its live runs, loaded under lock, is a unit.' },
  {
    words: ['book', 'books'],
    instead: 'Rows live in tables; what looks them up is a repository or a store.',
  },
  {
    words: ['carrier', 'carriers', 'carried', 'carries'],
    instead: 'An outcome is a completion; work that another process takes is handed over.',
  },
  { words: ['together'], instead: 'Statements or rows sent at once are a batch.' },
  {
    words: ['told', 'tell', 'tells', 'teller'],
    instead: 'Events are published, errors reported, values returned.',
  },
  { words: ['upkeep'], instead: 'Name the duty: retention, lease renewal, recovery.' },
  { words: ['alarm', 'alarms'], instead: 'Instants to wake at are in the timer queue.' },
  {
    words: ['announce', 'announces', 'announced', 'announcer', 'announcement'],
    instead: 'Events are published.',
  },
  {
    words: ['ends'],
    // A verb (`pauseEndsAt`, `endsPause`), and the ends of gaps and ranges.
    except: /^ends[A-Z]|EndsAt$|(^gap|Both)Ends$/,
    instead: 'The record of how an attempt ended is a completion.',
  },
  {
    words: ['place', 'places', 'placed'],
    // The class and module that declare a job, in what the scheduler says of declarations.
    exceptIn:
      /^(libs\/scheduler\/src\/(nest\/|model\/errors\.ts|runner\/handler-registry\.ts)|test\/(nest|engine)\/)/,
    // Somebody orders goods, in the recipes for transactions.
    except: /^placeOrder$/,
    instead: 'One of the runs that may be alive at once is a slot; elsewhere say index, target or zone.',
  },
];

/** Reports names declared in a file, and the file's own name, that contain a refused word: one line each. */
export function refusedNames(path: string, text: string): string[] {
  const file = path.slice(path.lastIndexOf('/') + 1).replace(/\.ts$/, '');
  const found = refusals(path, file).map((refusal) => `${path} ${refusal}`);
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    const name = declaredName(node);
    if (name !== null) {
      const { line } = source.getLineAndCharacterOfPosition(name.getStart());
      found.push(...refusals(path, name.text).map((refusal) => `${path}:${line + 1} ${refusal}`));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function refusals(path: string, name: string): string[] {
  const parts = partsOf(name);
  return REFUSED_WORDS.filter(({ words }) => words.some((word) => parts.includes(word)))
    .filter(({ except, exceptIn }) => except?.test(name) !== true && exceptIn?.test(path) !== true)
    .map(({ instead }) => `${name}: ${instead}`);
}

/** The words in a name, whether camelCase, snake_case or kebab-case, in lower case. */
function partsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

/** Uses are not looked at: a name from elsewhere, such as `endsWith`, is not ours to choose. */
function declaredName(node: ts.Node): ts.Identifier | ts.PrivateIdentifier | ts.StringLiteral | null {
  // `{ place }` repeats a name that is declared elsewhere.
  if (ts.isShorthandPropertyAssignment(node) || ts.isImportSpecifier(node)) return null;
  const { name } = node as { name?: ts.Node };
  if (name === undefined || !isDeclaration(node)) return null;
  if (ts.isStringLiteral(name)) return /\s/.test(name.text) ? null : name;
  return ts.isIdentifier(name) || ts.isPrivateIdentifier(name) ? name : null;
}

function isDeclaration(node: ts.Node): boolean {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isBindingElement(node) ||
    ts.isFunctionLike(node) ||
    ts.isClassLike(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isEnumDeclaration(node) ||
    ts.isEnumMember(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertySignature(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isTypeParameterDeclaration(node) ||
    ts.isNamespaceImport(node)
  );
}
