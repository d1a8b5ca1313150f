import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LauncherError } from '../launcher/errors.mjs';

const REQUEST_MS = 15_000;

/**
 * @typedef {{ id: string, name: string, label: string }} Site
 * @typedef {{ keyfileId: string, state: string }} Keyfile
 * @typedef {{ id: string, siteId: string, state: string, stateReason: string | null, directoryAddress: string | null }} Role
 * @typedef {{ id: string, name: string, path: string, state: string }} Camera
 */

/** The platform's REST API as any operator's script would use it. */
export class Rest {
  /**
   * @param {string} api for example http://127.0.0.1:8080
   * @param {string} [token]
   */
  constructor(api, token) {
    this.api = api;
    this.token = token;
  }

  /**
   * @param {string} username
   * @param {string} password
   */
  async signIn(username, password) {
    const { token } = /** @type {{ token: string }} */ (await this.call('POST', '/sessions', { username, password }));
    return new Rest(this.api, token);
  }

  /** @returns {Promise<void>} */
  async signOut() {
    await this.call('DELETE', '/sessions/current');
  }

  /**
   * @param {string} name
   * @returns {Promise<Site>}
   */
  async createSite(name) {
    return /** @type {Promise<Site>} */ (this.call('POST', '/sites', { name }));
  }

  /**
   * @param {string} siteId
   * @param {{ replace?: boolean }} [options] replace: cut off the agent that the site has
   * @returns {Promise<{ keyfile: Keyfile, content: string, fingerprint: string }>}
   */
  async issueKeyfile(siteId, options = {}) {
    return /** @type {Promise<{ keyfile: Keyfile, content: string, fingerprint: string }>} */ (
      this.call('POST', `/sites/${siteId}/keyfiles`, options)
    );
  }

  /**
   * Every item of a list, page by page.
   * @template T
   * @param {string} path
   * @returns {Promise<T[]>}
   */
  async list(path) {
    /** @type {T[]} */
    const items = [];
    /** @type {string | null} */
    let cursor = null;
    do {
      const query = cursor === null ? '' : `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
      const page = /** @type {{ items: T[], nextCursor: string | null }} */ (await this.call('GET', path + query));
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  /**
   * @param {'GET' | 'POST' | 'PATCH' | 'DELETE'} method
   * @param {string} path below /api/v1
   * @param {unknown} [body]
   * @returns {Promise<unknown>}
   * @throws {LauncherError} `rest-failed` with the problem's code and detail
   */
  async call(method, path, body) {
    const response = await fetch(`${this.api}/api/v1${path}`, {
      method,
      headers: {
        ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const text = await response.text();
    /** @type {unknown} */
    const answer = text ? JSON.parse(text) : undefined;
    if (response.ok) return answer;
    const { code, detail } = /** @type {{ code?: string, detail?: string }} */ (answer ?? {});
    throw new LauncherError(
      'rest-failed',
      `${method} ${path}: ${response.status} ${code ?? ''} ${detail ?? ''}`.trim(),
    );
  }
}

/**
 * Tells the other commands of this clone where the cloud is.
 * @param {string} dataDir
 * @param {{ api: string, firstPasswordFile: string }} cloud
 */
export function writeCloudFile(dataDir, cloud) {
  writeFileSync(join(dataDir, 'cloud.json'), `${JSON.stringify(cloud)}\n`, { mode: 0o600 });
}

/**
 * @param {{ api: string, firstPasswordFile: string }} cloud
 * @returns {Promise<Rest>} signed in as the first operator
 */
export function signInFirst({ api, firstPasswordFile }) {
  return new Rest(api).signIn('admin', readFileSync(firstPasswordFile, 'utf8').trim());
}
