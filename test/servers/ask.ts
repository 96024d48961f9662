import { once } from 'node:events';
import { connect } from 'node:net';
import { type ServerKind, SERVERS, whereIs } from './server-kinds.js';

/** URL of this run's server of the kind; starts it if need be. */
export async function serverUrl(kind: ServerKind): Promise<string> {
  const { url, error } = await ask(`url ${kind}`);
  if (url === undefined) throw new Error(error);
  return url;
}

/**
 * Whether tests on such a server can run here. If not, the run reports it once.
 *
 * @throws instead of returning false, with TEST_REQUIRE_SERVERS=1
 */
export async function hasServer(kind: ServerKind): Promise<boolean> {
  if (whereIs(kind) !== null) return true;
  if (process.env['TEST_REQUIRE_SERVERS'] === '1') {
    const { variable, install } = SERVERS[kind];
    throw new Error(`TEST_REQUIRE_SERVERS is set, and there is no ${kind}. Set ${variable}, or ${install}.`);
  }
  await ask(`skipped ${kind}`);
  return false;
}

async function ask(question: string): Promise<{ url?: string; error?: string }> {
  const path = process.env['CARILLON_TEST_SERVERS'];
  if (path === undefined)
    throw new Error('test/servers/global-setup.ts starts the servers: run this under vitest.');
  const socket = connect(path).setEncoding('utf8');
  let text = '';
  socket.on('data', (part: string) => (text += part));
  socket.write(`${question}\n`);
  await once(socket, 'end');
  return JSON.parse(text) as { url?: string; error?: string };
}
