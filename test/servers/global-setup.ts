import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PrivateServer, startPrivate } from './private-server.js';
import { type ServerKind, SERVERS, whereIs } from './server-kinds.js';

/**
 * One server of each kind for the whole run, started when the first spec file asks for it. Spec files run in
 * other processes: they ask over a socket whose path is in the environment.
 */
export default async function serveServers(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-servers-'));
  const started = new Map<ServerKind, Promise<PrivateServer>>();
  const kills: (() => void)[] = [];

  const start = async (kind: ServerKind, binaries: Record<string, string>): Promise<PrivateServer> => {
    const behind = kind === 'pgbouncer' ? await url('postgres') : undefined;
    return startPrivate(kind, binaries, (kill) => kills.push(kill), behind);
  };
  const url = async (kind: ServerKind): Promise<string> => {
    const found = whereIs(kind);
    if (found === null) throw new Error(`There is no ${kind} server. ${howTo(kind)}`);
    if ('url' in found) return found.url;
    const server = started.get(kind) ?? start(kind, found.binaries);
    started.set(kind, server);
    return (await server).url;
  };

  const skipped = new Set<ServerKind>();
  const reply = async (question: string): Promise<object> => {
    const [verb, kind] = question.split(' ') as [string, ServerKind];
    if (verb === 'url') return { url: await url(kind) };
    if (!skipped.has(kind)) console.error(`\nSKIPPED: tests on ${kind}. ${howTo(kind)}\n`);
    skipped.add(kind);
    return {};
  };

  const socket = createServer((connection) => {
    connection.setEncoding('utf8').once('data', (question: string) => {
      reply(question.trim())
        .catch((error: unknown) => ({ error: String(error) }))
        .then((text) => connection.end(JSON.stringify(text)))
        .catch(() => connection.destroy());
    });
  }).listen(join(folder, 'socket'));
  await once(socket, 'listening');
  process.env['CARILLON_TEST_SERVERS'] = join(folder, 'socket');

  // An interrupted run may exit without the orderly teardown below.
  const killAll = (): void => kills.forEach((kill) => kill());
  process.once('exit', killAll);
  return async () => {
    socket.close();
    await Promise.all(
      [...started.values()].map((server) =>
        server.then(
          (ready) => ready.stop(),
          () => undefined,
        ),
      ),
    );
    process.off('exit', killAll);
    rmSync(folder, { recursive: true, force: true });
  };
}

function howTo(kind: ServerKind): string {
  const { variable, binaries, install } = SERVERS[kind];
  const protocol = kind === 'mysql' ? 'mysql' : 'postgres';
  return (
    `Set ${variable}=${protocol}://user:password@host/database, or have ${binaries.join(' and ')} on the PATH ` +
    `(${install}). TEST_REQUIRE_SERVERS=1 makes this a failure.`
  );
}
