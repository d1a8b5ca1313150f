import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../tools/launcher/port.mjs';
import { Rest, signInFirst, type Camera, type Site } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { play } from '../harness/ffmpeg.js';
import { createLauncherHome, Launcher, playerUrls, processesOf, type LauncherHome } from '../harness/launcher.js';
import { sideBySide } from '../harness/side-by-side.js';

const START_MS = 120_000;
const NOBODY = 65_534;

describe('npm start', () => {
  let home: LauncherHome;
  const launchers: Launcher[] = [];

  const launch = (options: ConstructorParameters<typeof Launcher>[1] = {}): Launcher => {
    const launcher = new Launcher(home, options);
    launchers.push(launcher);
    return launcher;
  };

  const signIn = (): Promise<Rest> =>
    signInFirst({ api: `http://127.0.0.1:${home.ports.http}`, firstPasswordFile: join(home.dir, 'first-password') });

  const isGone = async (): Promise<void> => {
    await waitUntil('nothing is left', () => processesOf(home).length === 0, 5_000).catch(() => undefined);
    expect(processesOf(home)).toEqual([]);
  };

  beforeEach(async () => {
    home = await createLauncherHome(process.getuid?.() === 0 ? NOBODY : undefined);
  });

  afterEach(async () => {
    await Promise.all(launchers.splice(0).map((launcher) => launcher.stop()));
    home.remove();
  }, 20_000);

  it(
    'shows a playing demo site, refuses a second start beside it, ends within 5 s, and goes on with the same data, on another port too',
    async () => {
      const launcher = launch();
      const block = await launcher.ready();
      const urls = playerUrls(block);
      expect(urls.length).toBeGreaterThanOrEqual(3);
      for (const url of urls) expect((await play(url, { seconds: 1 })).length).toBeGreaterThanOrEqual(20);

      const password = readFileSync(join(home.dir, 'first-password'), 'utf8').trim();
      expect(statSync(join(home.dir, 'first-password')).mode & 0o777).toBe(0o600);
      expect(launcher.output).not.toContain(password);

      const second = launch();
      expect(await second.end()).toBe(75);
      expect(second.output).toMatch(new RegExp(`already-running: .*pid ${launcher.child.pid}`));

      const before = await demoEntities(await signIn());
      expect(await launcher.stop('SIGINT')).toBeLessThan(5_000);
      await isGone();

      const again = launch();
      const [url = ''] = playerUrls(await again.ready());
      expect(await demoEntities(await signIn())).toEqual(before);
      expect((await play(url, { seconds: 1 })).length).toBeGreaterThanOrEqual(20);
      await again.stop('SIGINT');

      // The identity of the demo's agent names the tunnel port that was: it needs another one.
      const moved = launch({ flags: ['--tunnel-port', String(await freePort())] });
      const [movedUrl = ''] = playerUrls(await moved.ready());
      expect(await demoEntities(await signIn())).toEqual(before);
      expect((await play(movedUrl, { seconds: 1 })).length).toBeGreaterThanOrEqual(20);
    },
    3 * START_MS,
  );

  it(
    'with --no-demo starts the cloud alone, brings back an app that was killed, and leaves nothing when npm ends',
    async () => {
      const launcher = launch({ npm: true, flags: ['--no-demo'] });
      expect(playerUrls(await launcher.ready())).toEqual([]);
      const rest = await signIn();
      expect(await rest.list<Site>('/sites')).toEqual([]);

      const [pid] = processesOf(home).filter((line) => line.includes('apps/admin-api/'));
      process.kill(Number.parseInt(String(pid), 10), 'SIGKILL');
      await waitUntil('the API answers again', () =>
        rest.list<Site>('/sites').then(
          () => true,
          () => false,
        ),
      );

      expect(await launcher.stop('SIGTERM')).toBeLessThan(5_000);
      await isGone();
    },
    START_MS,
  );

  it(
    'leaves nothing when the launcher is killed, and starts again',
    async () => {
      const killed = launch({ flags: ['--no-demo'] });
      await killed.ready();
      await killed.stop('SIGKILL');
      await isGone();
      await launch({ flags: ['--no-demo'] }).ready();
      expect(await (await signIn()).list<Site>('/sites')).toEqual([]);
    },
    START_MS,
  );

  it(
    'works as an ordinary user',
    async () => {
      const user = process.getuid?.() === 0 ? NOBODY : undefined;
      const launcher = launch({ flags: ['--no-demo'], ...(user === undefined ? {} : { user }) });
      await launcher.ready();
      expect(statSync(join(home.dir, 'first-password')).uid).toBe(user ?? process.getuid?.());
      expect(await launcher.stop()).toBeLessThan(5_000);
      await isGone();
    },
    START_MS,
  );
});

/** They end before they start anything, and each has a data folder of its own. */
describe('npm start with flags that cannot be', () => {
  const ended = async (flags: readonly string[], busy?: keyof LauncherHome['ports']): Promise<Ended> => {
    const home = await createLauncherHome();
    const other = createServer();
    try {
      if (busy !== undefined) await new Promise<void>((done) => other.listen(home.ports[busy], '127.0.0.1', done));
      const launcher = new Launcher(home, { flags });
      const status = await launcher.end();
      expect(processesOf(home)).toEqual([]);
      return { status, output: launcher.output, port: busy === undefined ? 0 : home.ports[busy] };
    } finally {
      other.close();
      home.remove();
    }
  };
  const namesFlagOf = (name: keyof LauncherHome['ports']) => async (): Promise<void> => {
    const { status, output, port } = await ended([], name);
    expect({ status, output }).toMatchObject({ status: 75 });
    expect(output).toContain(`port-in-use: port ${port}`);
    expect(output).toContain(`--${name}-port`);
  };

  const refusesFlag = async (): Promise<void> => {
    const { status, output } = await ended(['--nodemo']);
    expect({ status, output }).toMatchObject({ status: 78 });
    expect(output).toContain('--nodemo');
  };

  sideBySide(
    {
      'names the flag that changes the http port when it is in use, and starts nothing': namesFlagOf('http'),
      'names the flag that changes the play port when it is in use, and starts nothing': namesFlagOf('play'),
      'names the flag that changes the rtsp port when it is in use, and starts nothing': namesFlagOf('rtsp'),
      'names the flag that changes the tunnel port when it is in use, and starts nothing': namesFlagOf('tunnel'),
      'names the flag that changes the ingress port when it is in use, and starts nothing': namesFlagOf('ingress'),
      'refuses a flag that it does not know': refusesFlag,
    },
    30_000,
  );
});

interface Ended {
  status: number;
  output: string;
  port: number;
}

/** Ids of the demo site and its cameras. */
const demoEntities = async (rest: Rest): Promise<string[]> => {
  const [sites, cameras] = [await rest.list<Site>('/sites'), await rest.list<Camera>('/cameras')];
  return [...sites, ...cameras].map(({ id }) => id).toSorted();
};
