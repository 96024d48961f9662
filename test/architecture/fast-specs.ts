import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** Modules that start another process or thread. */
const STARTS_PROCESSES = /from '(node:)?(child_process|worker_threads|cluster)'/;
/** The one way to a server. */
const ASKS_FOR_SERVERS = 'test/servers/ask.ts';

/**
 * The reason why a spec does not belong to the fast tests: it, or a test file that it imports, asks for servers or
 * starts processes. Null when it does neither. `spec` and the reason are paths from `root`.
 */
export function slowReason(root: string, spec: string): string | null {
  const seen = new Set<string>();
  const visit = (path: string): string | null => {
    if (seen.has(path)) return null;
    seen.add(path);
    if (path === ASKS_FOR_SERVERS) return path;
    const text = readFileSync(join(root, path), 'utf8');
    if (STARTS_PROCESSES.test(text)) return path;
    for (const [, specifier] of text.matchAll(/(?:from|import\(|import) ?'(\.[^']+)'/g)) {
      const file = join(root, dirname(path), specifier!.replace(/\.js$/, '.ts'));
      const found = relative(root, file).split(sep).join('/');
      // A library's own files start nothing: their imports are not followed.
      const reason = existsSync(file) && isTest(found) ? visit(found) : null;
      if (reason !== null) return reason;
    }
    return null;
  };
  return visit(spec);
}

function isTest(path: string): boolean {
  return path.startsWith('test/') || path.endsWith('.spec.ts');
}
