import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppProcess } from '../../tools/launcher/app-process.mjs';
import { entryOf } from '../../tools/launcher/cloud.mjs';
import { runCommand } from '../../tools/launcher/command.mjs';
import type { Camera, Rest, Role, Site as SiteRecord } from '../../tools/demo/rest.mjs';
import { waitUntil } from './condition.js';
import type { Platform } from './platform.js';

export interface SiteOptions {
  /** Put before the agent's commands, for example a network's `through`. */
  readonly through?: readonly string[];
  /** Further settings of the agent, for example HTTPS_PROXY. */
  readonly env?: Record<string, string>;
  /** Further arguments of `run`. */
  readonly runArgs?: readonly string[];
}

const UP_MS = 30_000;
const CAMERAS_MS = 30_000;

/** A site of a platform with a real agent process, driven through REST and the agent's command line. */
export class Site implements AsyncDisposable {
  #agent: AppProcess | undefined;

  private constructor(
    private readonly platform: Platform,
    private readonly rest: Rest,
    private readonly options: SiteOptions,
    readonly record: SiteRecord,
    readonly stateDir: string,
    readonly keyfile: string,
  ) {}

  static async create(platform: Platform, name: string, options: SiteOptions): Promise<Site> {
    const rest = await platform.signIn();
    const record = await rest.createSite(name);
    const stateDir = join(platform.dataDir, `site-${record.label}`);
    mkdirSync(stateDir, { mode: 0o700 });
    const { content } = await rest.issueKeyfile(record.id);
    const keyfile = join(platform.dataDir, `${record.label}.keyfile`);
    writeFileSync(keyfile, content, { mode: 0o600 });
    return new Site(platform, rest, options, record, stateDir, keyfile);
  }

  /** Another machine for the same site, with the keyfile that replaces the first one's. */
  successor(content: string): Site {
    const stateDir = `${this.stateDir}-successor`;
    mkdirSync(stateDir, { mode: 0o700 });
    const keyfile = `${stateDir}.keyfile`;
    writeFileSync(keyfile, content, { mode: 0o600 });
    return new Site(this.platform, this.rest, this.options, this.record, stateDir, keyfile);
  }

  /** One command of `adit-agent` to its end. @returns what it printed */
  agent(args: readonly string[], input?: string): Promise<string> {
    const { through = [], env = {} } = this.options;
    const [program = process.execPath, ...rest] = [...through, process.execPath, entryOf('agent'), ...args];
    return runCommand(program, rest, {
      env: { PATH: process.env['PATH'], ADIT_STATE_DIR: this.stateDir, ADIT_CONTAINER: 'false', ...env },
      ...(input === undefined ? {} : { input }),
    });
  }

  /** Starts the agent, which enrols first if it has to; resolves when its tunnel is up. */
  async run(): Promise<void> {
    this.#agent = new AppProcess({
      name: `site-${this.record.label}`,
      entry: entryOf('agent'),
      args: ['run', '--keyfile', this.keyfile, ...(this.options.runArgs ?? [])],
      env: { ADIT_STATE_DIR: this.stateDir, ADIT_CONTAINER: 'false', ...this.options.env },
      through: [...(this.options.through ?? [])],
      readyType: 'up',
      log: (name, line) => this.platform.note(name, line),
    });
    await this.#agent.start(UP_MS);
  }

  /** SIGKILL; resolves when the next process of the agent has its tunnel up. */
  async kill(): Promise<void> {
    const pid = this.#agent?.pid;
    if (!this.#agent || pid === undefined) throw new Error('the agent does not run');
    const back = this.#agent.nextReady(UP_MS);
    process.kill(pid, 'SIGKILL');
    await back;
  }

  /** Makes the account on site and activates the federation role with it; resolves when the role is connected. */
  async federate(directoryAddress?: string, tlsPin?: string): Promise<void> {
    const { rest, record } = this;
    const [username, password] = ['cloud', randomBytes(18).toString('base64url')];
    await this.agent(['user', 'add', username, '--allow', 'all', '--password-stdin'], `${password}\n`);
    const role = async (): Promise<Role | undefined> =>
      (await rest.list<Role>(`/federation-roles?siteId=${record.id}`))[0];
    await waitUntil(`site ${record.label} has a federation role`, async () => (await role()) !== undefined);
    const id = (await role())?.id ?? '';
    const address = directoryAddress ?? `directory.${record.label}.tunnel.adit.internal`;
    const pin = tlsPin === undefined ? {} : { tlsPin };
    await rest.call('PATCH', `/federation-roles/${id}`, {
      directoryAddress: address,
      username,
      password,
      enabled: true,
      ...pin,
    });
    await waitUntil(`the role of site ${record.label} is connected`, async () => (await role())?.state === 'connected');
  }

  async addCamera(url: string, name: string, low?: string): Promise<void> {
    await this.agent(['camera', 'add', url, '--name', name, ...(low ? ['--low', low] : [])]);
  }

  /** The site's cameras by REST, once all of these are online. */
  async cameras(...names: string[]): Promise<Camera[]> {
    let found: Camera[] = [];
    const allOnline = async (): Promise<boolean> => {
      const cameras = await this.rest.list<Camera>(`/cameras?siteId=${this.record.id}`);
      found = names.flatMap((name) => cameras.filter((camera) => camera.name === name && camera.state === 'online'));
      return found.length === names.length;
    };
    await waitUntil(`cameras ${names.join(', ')} of site ${this.record.label} are online`, allOnline, CAMERAS_MS);
    return found;
  }

  /** URL with a fresh view ticket. */
  async viewUrl(camera: Camera, usage = 'live'): Promise<string> {
    const ticket = await this.rest.call('POST', `/cameras/${camera.id}/view-tickets`, { usage });
    return (ticket as { url: string }).url;
  }

  /** Address of the page for browsers with a fresh view ticket. */
  async playUrl(camera: Camera, usage = 'live'): Promise<string> {
    const ticket = await this.rest.call('POST', `/cameras/${camera.id}/view-tickets`, { usage });
    return (ticket as { playUrl: string }).playUrl;
  }

  async stop(): Promise<void> {
    await this.#agent?.stop();
    this.#agent = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
