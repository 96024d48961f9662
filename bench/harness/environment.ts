import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** What the figures depend on, as lines of Markdown. */
export function describeEnvironment(commandLine: string, minutes: number): string {
  const [cpu] = cpus();
  const libraries = [
    '@nestjs/core',
    '@nestjs/schedule',
    'cron',
    'cron-schedule',
    'croner',
    'cron-parser',
    'pg',
    'libsql',
    'mysql2',
    'pg-boss',
    'graphile-worker',
    'bullmq',
    'agenda',
  ];
  return [
    `- Command: \`${commandLine}\`, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${minutes.toFixed(1)} minutes`,
    `- Machine: ${cpu?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
    `- Node ${process.versions.node} (V8 ${process.versions.v8}, time zones ${process.versions.tz})`,
    `- ${libraries.map((name) => `${name} ${versionOf(name)}`).join(', ')}`,
  ].join('\n');
}

/** Reads the package's own file: `exports` may hide it from `require`. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string })
        .version;
    } catch {
      // Not in this folder: look in the one above.
    }
  }
  throw new Error(`${name} is not installed below ${dirname(import.meta.url)}`);
}
