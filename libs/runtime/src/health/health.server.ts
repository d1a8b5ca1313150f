import { createServer, type Server } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { PortInUseError } from '../errors.js';
import { requestIdOf } from '../request-id.js';

export interface HealthOptions {
  host: string;
  port: number;
  app: string;
  /** Name → true when it works; all must. */
  checks: Record<string, () => Promise<boolean> | boolean>;
  registry?: Registry;
}

/** `/health/live`, `/health/ready` and `/metrics`, for the machine's own network only. */
export class HealthServer {
  readonly registry: Registry;
  private readonly server: Server;

  constructor(private readonly options: HealthOptions) {
    this.registry = options.registry ?? new Registry();
    this.registry.setDefaultLabels({ app: options.app });
    collectDefaultMetrics({ register: this.registry });
    this.server = createServer((request, response) => {
      const id = requestIdOf(request.headers['x-request-id']);
      void this.answer(request.url ?? '').then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', 'x-request-id': id }).end(body);
      });
    });
    this.server.requestTimeout = 5_000;
    this.server.maxConnections = 64;
  }

  /** @returns the port it listens on */
  listen(): Promise<number> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        reject(error.code === 'EADDRINUSE' ? new PortInUseError(host, port, 'ADIT_HEALTH_PORT') : error);
      });
      this.server.listen(port, host, () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async answer(url: string): Promise<{ status: number; type: string; body: string }> {
    if (url === '/metrics')
      return { status: 200, type: this.registry.contentType, body: await this.registry.metrics() };
    if (url === '/health/live') return json(200, { status: 'ok' });
    if (url !== '/health/ready') return json(404, { status: 'unknown path' });
    const results = await Promise.all(
      Object.entries(this.options.checks).map(
        async ([name, check]) => [name, await Promise.resolve(check()).catch(() => false)] as const,
      ),
    );
    return json(results.every(([, ok]) => ok) ? 200 : 503, Object.fromEntries(results));
  }
}

const json = (status: number, body: object): { status: number; type: string; body: string } => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});
