// Compiles the bench and the library's sources to plain JavaScript, then runs it:
//   node bench/run.mjs [--only next-due,burst] [--repeats 5] [--quick] [--contenders carillon,limit]
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
if (!existsSync(at('node_modules'))) {
  console.error('The peers are not installed. Run: npm ci --prefix bench');
  process.exit(1);
}
// Below node_modules, where git does not see it: the peers resolve from here, the rest from the root's install.
const outDir = at(`node_modules/.cache/carillon-bench-${process.pid}`);
process.on('exit', () => rmSync(outDir, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

await build({
  root: at('.'),
  configFile: false,
  logLevel: 'warn',
  resolve: { tsconfigPaths: true },
  build: {
    ssr: true,
    target: 'node20',
    outDir,
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: { 'harness/main': at('harness/main.ts'), 'harness/child': at('harness/child.ts') },
      // Module by module, as the library is published: what is loaded lazily stays so.
      output: { preserveModules: true, preserveModulesRoot: at('.'), entryFileNames: '[name].js' },
    },
  },
});
const { main } = await import(pathToFileURL(`${outDir}/harness/main.js`).href);
process.exitCode = await main(process.argv.slice(2), at('.'));
