import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Watched } from './watched.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface RunRow {
  scheduledAt: string;
  outcome: string | null;
  attempts: { attempt: number; result: string }[];
}

/** A program of the demo, as the build made it. @param cwd where it is started */
export function runBuilt(script: 'main' | 'check-jobs', env: NodeJS.ProcessEnv, cwd: string): Watched {
  const built = join(ROOT, `dist/apps/demo/src/${script}.js`);
  return Watched.start(process.execPath, [built], env, cwd);
}

/** The demo as a process of its own, asked over HTTP. */
export class DemoProcess {
  private constructor(
    readonly output: Watched,
    private readonly url: string,
  ) {}

  static async start(env: NodeJS.ProcessEnv, cwd: string): Promise<DemoProcess> {
    const output = runBuilt('main', { PORT: '0', ...env }, cwd);
    const where = await output.prints('The uptime monitor is at');
    return new DemoProcess(output, /http:\S+\d/.exec(where)![0]);
  }

  /** Adds a reminder. */
  async remind(id: string, interval: string): Promise<void> {
    const body = JSON.stringify({ id, interval, payload: { message: 'Renew it' } });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.url}/reminders`, { method: 'POST', headers, body });
    if (response.status !== 201) throw new Error(await response.text());
  }

  /** Newest first. */
  async runsOf(id: string): Promise<RunRow[]> {
    return (await fetch(`${this.url}/jobs/${id}/runs`)).json() as Promise<RunRow[]>;
  }

  /** As Ctrl-C, awaited. */
  async interrupt(): Promise<void> {
    this.output.interrupt();
    await this.output.end();
  }

  /** As `kill -9`, awaited. */
  async kill(): Promise<void> {
    this.output.kill();
    await this.output.end();
  }
}
