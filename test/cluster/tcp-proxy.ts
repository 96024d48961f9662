import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** The direction in which bytes are lost. */
export type Lost = 'requests' | 'responses' | 'everything';

/** Between replicas and their server: a network that a test disturbs. */
export class TcpProxy {
  private readonly links = new Set<[Socket, Socket]>();
  /** Bytes arrive this much later, each way. */
  delayMs = 0;
  /** Nobody gets through, as while a server restarts. */
  refuses = false;
  /**
   * Bytes of the connections that exist are dropped, and nothing closes: as a firewall that forgets, or a host that
   * vanishes. New connections work.
   */
  silence(lost: Lost = 'everything'): void {
    for (const [client] of this.links) this.silent.set(client, lost);
  }

  /** Bytes of new connections are dropped, too. */
  silences: Lost | null = null;

  /** Bytes pass again, also on old connections; those in between are lost. */
  heal(): void {
    this.silences = null;
    this.silent = new WeakMap();
  }

  /** Called with all that clients send. */
  onRequest: (bytes: string) => void = () => undefined;
  private silent = new WeakMap<Socket, Lost>();

  /** Asked at each COMMIT that passes: true cuts its connection once the server has it and before it can answer. */
  cutsCommit: () => boolean = () => false;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    /** The server's url, by way of the proxy. */
    readonly url: string,
  ) {}

  static async before(serverUrl: string): Promise<TcpProxy> {
    const url = new URL(serverUrl);
    const host = url.hostname;
    const port = Number(url.port || (url.protocol.startsWith('mysql') ? 3306 : 5432));
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new TcpProxy(server, url.href);
    server.on('connection', (client) => proxy.link(client, connect(port, host)));
    return proxy;
  }

  /** As a cable that is pulled: every connection ends in the middle of what it does. */
  cutAll(): void {
    for (const link of this.links) this.cut(link);
  }

  async close(): Promise<void> {
    this.cutAll();
    this.server.close();
    await once(this.server, 'close');
  }

  private link(client: Socket, upstream: Socket): void {
    if (this.refuses) {
      client.destroy();
      upstream.destroy();
      return;
    }
    const link: [Socket, Socket] = [client, upstream];
    this.links.add(link);
    for (const socket of link) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut(link));
      // The other side of a silent connection does not see that it is closed.
      socket.on('close', () => this.silent.has(client) || this.cut(link));
    }
    if (this.silences !== null) this.silent.set(client, this.silences);
    const isLost = (direction: Lost): boolean => {
      const lost = this.silent.get(client);
      return lost === 'everything' || lost === direction;
    };
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      this.onRequest(text);
      if (isLost('requests')) return;
      const isCommit = /commit/i.test(text) && this.cutsCommit();
      this.pass(bytes, upstream);
      if (isCommit) setTimeout(() => this.cut(link), 1);
    });
    upstream.on('data', (bytes) => {
      if (!isLost('responses')) this.pass(bytes, client);
    });
  }

  private pass(bytes: Buffer, to: Socket): void {
    if (this.delayMs === 0) to.write(bytes);
    else setTimeout(() => to.writable && to.write(bytes), this.delayMs);
  }

  private cut(link: [Socket, Socket]): void {
    if (!this.links.delete(link)) return;
    for (const socket of link) socket.destroy();
  }
}
