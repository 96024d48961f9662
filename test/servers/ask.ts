import { once } from 'node:events';
import { connect } from 'node:net';
import { type ServerKind, SERVERS, whereIs } from './server-kinds.js';

/** The url of the run's server of this kind, which is started if need be. */
export async function serverUrl(kind: ServerKind): Promise<string> {
  const { url, error } = await ask(`url ${kind}`);
  if (url === undefined) throw new Error(error);
  return url;
}

/**
 * Whether tests on such a server can run here. If not, the run says so once.
 *
 * @throws with TEST_REQUIRE_SERVERS, instead of false
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
    throw new Error('The servers are lent by test/servers/global-setup.ts, under vitest.');
  const socket = connect(path).setEncoding('utf8');
  let text = '';
  socket.on('data', (part: string) => (text += part));
  socket.write(`${question}\n`);
  await once(socket, 'end');
  return JSON.parse(text) as { url?: string; error?: string };
}
