import { createHash, randomBytes } from 'node:crypto';
import { type Answer, HttpClient } from '../e2e/http-client.js';
import { firstPassword } from '../e2e/operators.js';
import type { Rest, Role } from '../../tools/demo/rest.mjs';
import { waitUntil } from './condition.js';
import type { Platform } from './platform.js';
import { describeRtsp } from './rtsp-describe.js';

export type WayName = 'tunnel' | 'direct';

interface Named {
  id: string;
  remoteId: string;
}

/** What differs between two hosts of one site, or from one moment to the next. */
const OWN = new Set(['updatedAt', 'arrivedAt', 'position', 'deviceMs', 'siteMs', 'correlationId', 'until', 'instance']);

/** One of the two ways to a site: the record of the site at the host, and the role that leads there. */
export class Way {
  /** Of the site's entities, by their key at the site. */
  readonly #ids = new Map<string, string>();

  constructor(
    readonly name: WayName,
    readonly client: HttpClient,
    readonly site: { id: string; label: string },
    readonly roleId: string,
  ) {}

  /** Learns which entities there are. @returns their keys at the site */
  async look(): Promise<string[]> {
    const { body } = await this.client.ask<{ items: Named[] }>(
      'GET',
      `/api/v1/entities?siteId=${this.site.id}&limit=200`,
    );
    for (const { id, remoteId } of body.items) this.#ids.set(remoteId, id);
    return body.items.map(({ remoteId }) => remoteId).toSorted();
  }

  id(remoteId: string): string {
    const id = this.#ids.get(remoteId);
    if (id === undefined) throw new Error(`by ${this.name} there is no ${remoteId}`);
    return id;
  }

  ask<Body = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<Body>> {
    return this.client.ask<Body>(method, `/api/v1${path}`, body);
  }

  /** What the API answers, without what belongs to this way or moment alone. A refusal is its status, code and detail. */
  async answer(method: string, path: string, body?: unknown): Promise<unknown> {
    const { status, body: answered } = await this.ask(method, path, body);
    if (status >= 400) return `${status} ${String(answered['code'])} ${this.#general(String(answered['detail']))}`;
    return { status, body: this.general(answered) };
  }

  /** Type and hash of a still picture, or the refusal. */
  async picture(remoteId: string): Promise<unknown> {
    const response = await this.client.fetch(`/api/v1/cameras/${this.id(remoteId)}/snapshot`);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.ok) return [response.headers.get('content-type'), createHash('sha256').update(bytes).digest('hex')];
    const { code = '', detail = '' } = JSON.parse(bytes.toString()) as { code?: string; detail?: string };
    return `${response.status} ${code} ${detail}`;
  }

  /** Where a stream of a camera is played. @throws without a ticket */
  async url(remoteId: string, usage: string): Promise<string> {
    const { status, body } = await this.ask(`POST`, `/cameras/${this.id(remoteId)}/view-tickets`, { usage });
    if (status >= 400) throw new Error(`${status} ${String(body['code'])}`);
    return String(body['url']);
  }

  /** What RTSP says of a stream of a camera, or why there is no ticket for it. */
  async described(remoteId: string, usage: string): Promise<unknown> {
    const path = `/cameras/${this.id(remoteId)}/view-tickets`;
    const { status, body } = await this.ask(`POST`, path, { usage });
    if (status >= 400) return `${status} ${String(body['code'])}`;
    const answer = await describeRtsp(String(body['url']));
    return { status: answer.status, code: answer.code, description: described(answer.text) };
  }

  async role(): Promise<Role & { capabilities: string[] }> {
    const { body } = await this.ask('GET', `/federation-roles/${this.roleId}`);
    return body as unknown as Role & { capabilities: string[] };
  }

  async change(body: object): Promise<void> {
    const { status } = await this.ask('PATCH', `/federation-roles/${this.roleId}`, body);
    if (status !== 200) throw new Error(`the role by ${this.name} is not changed: ${status}`);
  }

  /** @returns the reason that the role gives for its state */
  async until(state: string): Promise<string | null> {
    let now = await this.role();
    const isThere = async (): Promise<boolean> => (now = await this.role()).state === state;
    await waitUntil(`the role by ${this.name} is ${state}`, isThere, 30_000);
    return now.stateReason;
  }

  general(value: unknown): unknown {
    const text = JSON.stringify(value, (key, member: unknown) => (OWN.has(key) ? undefined : member));
    return JSON.parse(this.#general(text)) as unknown;
  }

  #general(text: string): string {
    const { id, label } = this.site;
    let general = text.replaceAll(id, 'SITE').replaceAll(label, 'LABEL').replaceAll(this.roleId, 'ROLE');
    for (const [remoteId, own] of this.#ids) general = general.replaceAll(own, `ENTITY ${remoteId}`);
    return general;
  }
}

/** SDP without what names the session. */
const described = (text: string): string[] =>
  (text.split('\r\n\r\n')[1] ?? '').split('\r\n').filter((line) => /^(?:m=|a=rtpmap|a=fmtp|a=range)/.test(line));

/** Of both ways the same, asked at the same time. */
export const byBoth = <T>([one, other]: readonly [Way, Way], ask: (way: Way) => Promise<T>): Promise<[T, T]> =>
  Promise.all([ask(one), ask(other)]);

export interface Contact {
  directoryAddress: string;
  tlsPin?: string;
}

/** Federates one site by both ways at the same time, with one account: `tunnelled` is the record of its agent; the other one is made here. */
export const federateBothWays = async (
  platform: Platform,
  rest: Rest,
  tunnelled: { id: string; label: string },
  account: { username: string; password: string },
  direct: Contact,
): Promise<[Way, Way]> => {
  const client = await new HttpClient(platform.api).signIn('admin', firstPassword(platform));
  const byLan = await rest.createSite(`By LAN ${randomBytes(3).toString('hex')}`);
  const contacts = { tunnel: { directoryAddress: `directory.${tunnelled.label}.tunnel.adit.internal` }, direct };
  const federate = async (name: WayName): Promise<Way> => {
    const site = name === 'tunnel' ? tunnelled : byLan;
    const roles = (): Promise<Role[]> => rest.list<Role>(`/federation-roles?siteId=${site.id}`);
    await waitUntil('the site has a role', async () => (await roles()).length > 0);
    const way = new Way(name, client, site, (await roles())[0]?.id ?? '');
    await way.change({ ...contacts[name], ...account, enabled: true });
    await way.until('connected');
    await way.look();
    return way;
  };
  return Promise.all([federate('tunnel'), federate('direct')]);
};
