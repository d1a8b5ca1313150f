import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { waitUntil } from '../harness/condition.js';
import { entityIdOf, federate } from '../harness/federated-site.js';
import { Platform } from '../harness/platform.js';
import { RegularSite } from '../harness/regular-site.js';
import { SteeredSystem } from '../harness/steered-system.js';
import type { Answer, HttpClient } from '../e2e/http-client.js';
import { signInFirst } from '../e2e/operators.js';

/** A line to a port that holds back what it carries while it is told to. */
class HoldingLine {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect({ port, host: '127.0.0.1', noDelay: true });
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => [near, far].forEach((one) => one.destroy()));
      }
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  hold(): void {
    for (const socket of this.#sockets) socket.pause();
  }

  release(): void {
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

let platform: Platform;
let system: SteeredSystem;
let site: RegularSite;
let line: HoldingLine;
let admin: HttpClient;
let dome: string;
let siren: string;

const move = (): Promise<Answer> =>
  admin.ask('POST', `/api/v1/cameras/${dome}/ptz`, { action: 'move', pan: 1, tilt: 0, zoom: 0 });
const set = (active: boolean): Promise<Answer> => admin.ask('POST', `/api/v1/outputs/${siren}/state`, { active });

beforeAll(async () => {
  platform = await Platform.start({
    apps: ['federation', 'admin-api'],
    extra: { federation: { ADIT_DIRECT_ALLOW_CIDRS: '127.0.0.0/8' } },
  });
  admin = await signInFirst(platform);
  system = new SteeredSystem();
  site = await RegularSite.start({ connectors: [system] });
  line = new HoldingLine(site.server.lanPort);
  const { siteId } = await federate(platform, await platform.signIn(), site, 'direct', await line.listen());
  dome = await entityIdOf(platform, siteId, 'dome');
  siren = await entityIdOf(platform, siteId, 'siren');
}, 90_000);

afterAll(async () => {
  line?.close();
  await site?.stop();
  await platform?.stop();
}, 30_000);

it('a command that a held line brings late is dropped by the site, and the asker knows the hop', async () => {
  expect((await set(true)).status).toBe(200);
  line.hold();
  const answer = await set(false);
  expect(answer).toMatchObject({ status: 504, body: { code: 'command-timeout', hop: 'site' } });
  line.release();
  await waitUntil('the site is commanded again', async () => (await move()).status === 200);
  expect(system.isRelayOn).toBe(true);
  expect(system.obeyed.filter(({ kind }) => kind === 'set-output')).toHaveLength(1);
}, 40_000);

it('a command that waited at the federation app is dropped there, and the asker knows the hop', async () => {
  const before = system.obeyed.length;
  process.kill(platform.pid('federation'), 'SIGSTOP');
  try {
    expect(await set(false)).toMatchObject({ status: 504, body: { code: 'command-timeout', hop: 'federation' } });
  } finally {
    process.kill(platform.pid('federation'), 'SIGCONT');
  }
  await waitUntil('the site is commanded again', async () => (await move()).status === 200);
  expect(system.obeyed.slice(before).map(({ kind }) => kind)).not.toContain('set-output');
}, 40_000);

it('a camera stops when whoever moves it falls silent, and when the host dies', async () => {
  expect((await move()).status).toBe(200);
  await delay(2_500);
  expect((await move()).status).toBe(200);
  await delay(1_500);
  expect(system.isTurning).toBe(true);
  await platform.kill('federation');
  await waitUntil('the camera stands still', () => !system.isTurning, 4_000);
  expect(site.commands.at(-1)).toMatchObject({ user: 'the site itself', command: 'ptz-stop', outcome: 'done' });
}, 40_000);
