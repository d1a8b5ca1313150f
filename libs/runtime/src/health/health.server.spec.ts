import { HealthServer } from './health.server.js';

describe('the health server', () => {
  it('is ready only when every check passes, a throwing check counting as failed', async () => {
    let works = true;
    const server = new HealthServer({
      host: '127.0.0.1',
      port: 0,
      app: 'test',
      checks: {
        database: () => works,
        messaging: () => (works ? true : Promise.reject(new Error('gone'))),
      },
    });
    const base = `http://127.0.0.1:${await server.listen()}`;
    try {
      expect((await fetch(`${base}/health/ready`)).status).toBe(200);
      works = false;
      const unready = await fetch(`${base}/health/ready`);
      expect(unready.status).toBe(503);
      expect(await unready.json()).toEqual({ database: false, messaging: false });
      expect((await fetch(`${base}/health/live`)).status).toBe(200);
      expect(await (await fetch(`${base}/metrics`)).text()).toContain('process_cpu_seconds_total{app="test"}');
      expect((await fetch(`${base}/anything`)).status).toBe(404);
    } finally {
      await server.close();
    }
  });

  it('names the port and the setting when the port is taken', async () => {
    const first = new HealthServer({ host: '127.0.0.1', port: 0, app: 'a', checks: {} });
    const port = await first.listen();
    const second = new HealthServer({ host: '127.0.0.1', port, app: 'b', checks: {} });
    await expect(second.listen()).rejects.toMatchObject({ code: 'port-in-use', port, setting: 'ADIT_HEALTH_PORT' });
    await first.close();
  });
});
