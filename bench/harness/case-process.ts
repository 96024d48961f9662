import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Order } from './child.js';
import type { Case, Findings } from './scenario.js';

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url));

/** Carries out one case in a process of its own. @throws Error with the end of what it printed */
export function runCase(
  scenario: string,
  { contender, input, limitMs }: Case<unknown>,
  nodeOptions: string[],
): Promise<Findings> {
  return new Promise((resolve, reject) => {
    // UTC: peers without time zones compute in the machine's own.
    const child = fork(CHILD, {
      execArgv: ['--expose-gc', ...nodeOptions],
      env: { ...process.env, TZ: 'UTC', NODE_ENV: 'production' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let printed = '';
    let findings: Findings | null = null;
    let outOfTime = false;
    const limit = setTimeout(() => {
      outOfTime = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.stderr!.on('data', (chunk: Buffer) => (printed = (printed + chunk.toString()).slice(-2_000)));
    child.on('message', (message) => (findings = message as Findings));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      if (findings) resolve(findings);
      else
        reject(new Error(outOfTime ? `not done in ${limitMs / 1_000} s` : `exit ${code}: ${printed.trim()}`));
    });
    child.send({ scenario, contender, input } satisfies Order);
  });
}
