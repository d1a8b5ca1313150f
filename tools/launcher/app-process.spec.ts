import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppProcess } from './app-process.mjs';

const READY = `process.send({ type: 'ready', ports: { http: 7 } });`;
const STAY = `setInterval(() => {}, 1000);`;
const BLOCK = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`;

describe('an app of the launcher', () => {
  let dir: string;
  let app: AppProcess | undefined;
  const lines: string[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'adit-app-'));
    lines.length = 0;
  });
  afterEach(async () => {
    await app?.stop(500);
    rmSync(dir, { recursive: true, force: true });
  });

  const make = (source: string, env: Record<string, string> = {}): AppProcess => {
    const entry = join(dir, 'main.mjs');
    writeFileSync(entry, source);
    app = new AppProcess({ name: 'sample', entry, env, log: (_name, line) => lines.push(line) });
    return app;
  };

  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  it('is up when it says so by message, whatever it prints', async () => {
    const sample = make(`console.log('ready'); ${READY} ${STAY}`);
    await sample.start(10_000);
    expect(sample.ports).toEqual({ http: 7 });
  });

  it('is started again when it is killed', async () => {
    const sample = make(`${READY} ${STAY}`);
    await sample.start(10_000);
    const first = Number(sample.pid);
    const back = sample.nextReady(10_000);
    process.kill(first, 'SIGKILL');
    await back;
    expect(sample.pid).not.toBe(first);
    expect(lines.join()).toContain('ended with SIGKILL; starting it again');
  });

  it.each([
    [78, 'config-invalid'],
    [75, 'port-in-use'],
  ])(
    'that ends its first start with status %d is not tried again, and its last words are told',
    async (status, code) => {
      const sample = make(`console.error('ADIT_X: unknown key'); process.exit(${status});`);
      await expect(sample.start(10_000)).rejects.toMatchObject({
        code,
        message: expect.stringContaining('ADIT_X: unknown key'),
      });
      expect(sample.starts).toBe(1);
    },
  );

  it('that never comes up fails the start after some attempts', async () => {
    const sample = make(`throw new Error('broken');`);
    await expect(sample.start(20_000)).rejects.toMatchObject({ code: 'app-failed' });
    expect(sample.starts).toBe(4);
  }, 20_000);

  it('that does not get ready fails the start in time', async () => {
    await expect(make(STAY).start(300)).rejects.toThrow('is not ready');
  });

  it('that ignores SIGTERM is cut', async () => {
    const sample = make(`process.on('SIGTERM', () => {}); ${READY} ${STAY}`);
    await sample.start(10_000);
    const pid = Number(sample.pid);
    const startedAt = Date.now();
    await sample.stop(200);
    expect(isAlive(pid)).toBe(false);
    expect(Date.now() - startedAt).toBeLessThan(2_000);
  });

  it('sees its own settings and not those of the launcher', async () => {
    process.env['ADIT_STRAY'] = 'yes';
    const sample = make(
      `console.log(Object.keys(process.env).filter((k) => k.startsWith('ADIT_')).join()); ${READY} ${STAY}`,
      {
        ADIT_OWN: '1',
      },
    );
    await sample.start(10_000);
    delete process.env['ADIT_STRAY'];
    expect(lines).toContain('ADIT_OWN');
  });

  it('leaves no core file', async () => {
    const sample = make(`${READY} ${STAY}`);
    await sample.start(10_000);
    expect(readFileSync(`/proc/${sample.pid}/limits`, 'utf8')).toMatch(/^Max core file size +0 +0 /m);
  });

  it('is cut and started again when it hangs in its own end', async () => {
    const hang = `process.on('disconnect', () => setImmediate(() => { ${BLOCK} }));`;
    const sample = make(
      `process.on('SIGTERM', () => {}); ${hang} ${READY} setTimeout(() => process.disconnect(), 50); ${STAY}`,
    );
    await sample.start(30_000);
    await sample.nextReady(30_000);
    expect(lines.join()).toContain('ended with SIGKILL; starting it again');
  }, 60_000);

  it.each([
    ['', STAY],
    [', though its end never comes to an end', `process.on('exit', () => { ${BLOCK} }); ${STAY}`],
  ])('ends when the launcher is killed%s', async (_case, body) => {
    writeFileSync(join(dir, 'main.mjs'), `process.on('SIGTERM', () => process.exit(0)); ${READY} ${body}`);
    const launcher = join(dir, 'launcher.mjs');
    const source = join(__dirname, 'app-process.mjs');
    writeFileSync(
      launcher,
      `import { AppProcess } from ${JSON.stringify(source)};
       const app = new AppProcess({ name: 'a', entry: ${JSON.stringify(join(dir, 'main.mjs'))}, env: {}, log: () => {} });
       await app.start(10000);
       process.stdout.write(String(app.pid), () => process.kill(process.pid, 'SIGKILL'));`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [launcher]).catch(
      (error: { stdout: string }) => error,
    );
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(0);
    const deadline = Date.now() + 5_000;
    while (isAlive(pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAlive(pid)).toBe(false);
  });
});
