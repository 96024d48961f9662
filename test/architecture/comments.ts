import ts from 'typescript';

/** A noun clause hides the subject: "Never re-emit a tick", not "What has been emitted is not emitted again". */
const NOUN_CLAUSE = /^(what|whatever|who|whoever|whom|whose)\b/i;

/** Reports the comments of a file that open with a noun clause, one line each. */
export function crypticComments(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return commentsOf(source)
    .filter(({ words }) => NOUN_CLAUSE.test(words))
    .map(({ pos, words }) => {
      const { line } = source.getLineAndCharacterOfPosition(pos);
      return `${path}:${line + 1} "${words.slice(0, 60).split('\n')[0]}"`;
    });
}

interface Comment {
  pos: number;
  /** Without the marks of a comment. */
  words: string;
}

/** Lines that begin with `//` below each other are one comment. */
function commentsOf(source: ts.SourceFile): Comment[] {
  const text = source.text;
  const ranges = new Map<number, ts.CommentRange>();
  const visit = (node: ts.Node): void => {
    for (const range of [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.end) ?? []),
    ]) {
      ranges.set(range.pos, range);
    }
    for (const child of node.getChildren(source)) if (!ts.isJSDoc(child)) visit(child);
  };
  visit(source);
  const ordered = [...ranges.values()].toSorted((a, b) => a.pos - b.pos);
  return ordered
    .filter((range, at) => !goesOn(text, ordered[at - 1], range))
    .map(({ pos, end }) => ({
      pos,
      words: text
        .slice(pos, end)
        .replace(/^\/\*+|\*+\/$|^\/\/+/g, '')
        .replace(/^[\s*]+/, ''),
    }));
}

function goesOn(text: string, before: ts.CommentRange | undefined, range: ts.CommentRange): boolean {
  if (before === undefined || before.kind !== range.kind) return false;
  if (range.kind !== ts.SyntaxKind.SingleLineCommentTrivia) return false;
  return /^\r?\n[ \t]*$/.test(text.slice(before.end, range.pos));
}
