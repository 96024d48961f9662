import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import type { ServerKind } from './server-kinds.js';

export interface PrivateServer {
  readonly url: string;
  /** Stops the process in an orderly way; `resume` starts it again on the same data and port. */
  halt(): Promise<void>;
  resume(): Promise<void>;
  /** Stops it for good and removes its data. */
  stop(): Promise<void>;
}

/**
 * Starts a server with its own data and port on the loopback, which nobody else uses.
 *
 * @param onSpawn receives the way to kill it at once, before it is ready
 * @param behind URL of the server behind a pooler
 */
export async function startPrivate(
  kind: ServerKind,
  binaries: Record<string, string>,
  onSpawn: (kill: () => void) => void,
  behind?: string,
): Promise<PrivateServer> {
  const folder = mkdtempSync(join(tmpdir(), `carillon-${kind}-`));
  const port = await freePort();
  const command = COMMANDS[kind](binaries, folder, port, behind);
  const user = command.user === null ? {} : ownerOf(command.user, folder);
  try {
    execFileSync(command.prepare[0]!, command.prepare.slice(1), { ...user, cwd: folder, stdio: 'pipe' });
    let child!: ChildProcess;
    const resume = async (): Promise<void> => {
      child = spawn(command.start[0]!, command.start.slice(1), {
        ...user,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      await waitForOutput(child, command.ready);
    };
    const halt = async (): Promise<void> => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(command.stopSignal);
      await ended;
    };
    onSpawn(() => {
      child?.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    await resume();
    const remove = (): void => rmSync(folder, { recursive: true, force: true });
    return { url: command.url, halt, resume, stop: () => halt().then(remove) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Command {
  prepare: string[];
  start: string[];
  /** The user to run the server as when the tests run as root, which PostgreSQL refuses. */
  user: string | null;
  ready: RegExp;
  stopSignal: NodeJS.Signals;
  url: string;
}

const COMMANDS: Record<
  ServerKind,
  (binaries: Record<string, string>, folder: string, port: number, behind?: string) => Command
> = {
  postgres: (binaries, folder, port) => ({
    prepare: [
      binaries['initdb']!,
      ...['-D', join(folder, 'data'), '-U', 'postgres', '--auth=trust', '-E', 'UTF8', '--no-sync'],
      ...['--locale=C.UTF-8'],
    ],
    start: [
      binaries['postgres']!,
      ...['-D', join(folder, 'data'), '-p', String(port), '-c', 'listen_addresses=127.0.0.1'],
      // No test cuts the machine's power: speed counts more than safety.
      ...['-c', `unix_socket_directories=${folder}`, '-c', 'fsync=off', '-c', 'max_connections=300'],
    ],
    user: 'postgres',
    ready: /ready to accept connections/,
    // Fast shutdown: ends sessions and rolls transactions back.
    stopSignal: 'SIGINT',
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
  }),
  mysql: (binaries, folder, port) => ({
    prepare: [
      binaries['mariadb-install-db']!,
      ...['--no-defaults', `--datadir=${join(folder, 'data')}`, '--auth-root-authentication-method=normal'],
      ...['--skip-test-db', ...asMysql()],
    ],
    start: [
      binaries['mariadbd']!,
      ...['--no-defaults', `--datadir=${join(folder, 'data')}`, `--port=${port}`, '--bind-address=127.0.0.1'],
      ...[`--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`, '--max-connections=300'],
      ...[
        `--init-file=${initFile(folder)}`,
        '--innodb-flush-log-at-trx-commit=0',
        '--innodb-flush-method=nosync',
        ...asMysql(),
      ],
    ],
    user: null,
    ready: /ready for connections/,
    stopSignal: 'SIGTERM',
    url: `mysql://root@127.0.0.1:${port}/carillon`,
  }),
  pgbouncer: (binaries, folder, port, behind) => ({
    prepare: ['true'],
    start: [binaries['pgbouncer']!, poolerFile(folder, port, behind!)],
    // It refuses root.
    user: 'postgres',
    ready: /process up/,
    stopSignal: 'SIGTERM',
    url: `postgres://postgres@127.0.0.1:${port}/pooled`,
  }),
};

function poolerFile(folder: string, port: number, behind: string): string {
  const { hostname, port: serverPort, pathname, username } = new URL(behind);
  const server = `host=${hostname} port=${serverPort || 5432} dbname=${pathname.slice(1)} user=${username}`;
  const path = join(folder, 'pgbouncer.ini');
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    auth_type: 'any',
    pool_mode: 'transaction',
    // Fewer than the store's own pool has, so that its transactions change connections.
    default_pool_size: 3,
    max_client_conn: 100,
    unix_socket_dir: '',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  writeFileSync(path, ['[databases]', `pooled = ${server}`, '[pgbouncer]', ...lines, ''].join('\n'));
  return path;
}

/** MariaDB refuses to run as root unless it is named. */
function asMysql(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

function initFile(folder: string): string {
  const path = join(folder, 'init.sql');
  writeFileSync(path, 'create database if not exists carillon character set utf8mb4;\n');
  return path;
}

function ownerOf(user: string, folder: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`));
  if (line === undefined) throw new Error(`The server refuses root, and there is no user "${user}".`);
  const [uid, gid] = line.split(':').slice(2, 4).map(Number) as [number, number];
  chownSync(folder, uid, gid);
  return { uid, gid };
}

function waitForOutput(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      // Read on after that, so that the pipe does not fill up.
      if (output.length < 100_000) output += text;
      if (ready.test(output)) resolve();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}:\n${output}`)));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}
