import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Authorization } from '@app/media';
import type { Camera, Rest } from '../../tools/demo/rest.mjs';
import { waitUntil } from '../harness/condition.js';
import { play, Player } from '../harness/ffmpeg.js';
import { runPeer, startGstCamera, type GstCamera } from '../harness/media-peer.js';
import { otherTenant } from '../harness/other-tenant.js';
import { Platform } from '../harness/platform.js';
import { describeRtsp } from '../harness/rtsp-describe.js';
import type { Site } from '../harness/site.js';

interface Account {
  id: string;
  username: string;
  password: string;
  urls: { cameraId: string; url: string }[];
  lastUsedAt: string | null;
  lastUsedFrom: string | null;
}

/** Watches look every 3 s; a busy machine takes longer. */
const END_MS = 15_000;

let platform: Platform;
let gst: GstCamera;
let site: Site;
let gate: Camera;
let yard: Camera;
let rest: Rest;

beforeAll(async () => {
  gst = await startGstCamera({ gap: 10 });
  platform = await Platform.start();
  site = await platform.createSite('Hamburg');
  await site.addCamera(gst.url('/cam'), 'Gate');
  await site.addCamera(gst.url('/cam'), 'Yard');
  await site.run();
  await site.federate();
  [gate, yard] = (await site.cameras('Gate', 'Yard')) as [Camera, Camera];
  rest = await platform.signIn();
}, 120_000);

afterAll(async () => {
  await platform?.stop();
  await gst?.stop();
}, 30_000);

const create = async (body: object = {}, by = rest): Promise<Account> =>
  (await by.call('POST', '/stream-accounts', { name: 'Recorder', cameraIds: [gate.id], ...body })) as Account;
const change = (id: string, body: object): Promise<unknown> => rest.call('PATCH', `/stream-accounts/${id}`, body);
const urlOf = ({ urls }: Account): string => urls[0]?.url ?? '';

/** Address without user and password. */
const plain = (url: string): string => url.replace(/\/\/[^@]*@/, '//');

const audited = async (reason: string, id: string): Promise<boolean> => {
  const rows = await platform.query<{ body: string }>('SELECT body FROM audit_event ORDER BY seq');
  return rows.some(({ body }) => {
    const { action, subject, details } = JSON.parse(body) as {
      action: string;
      subject: string;
      details: { reason?: string };
    };
    return action === 'stream-account.refused' && subject === id && details.reason === reason;
  });
};

/** A connection that asks as a recorder would, byte by byte. */
class Wire implements Disposable {
  private constructor(readonly socket: Socket) {}

  static async open(from = '127.0.0.1'): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port: platform.ports.rtsp, localAddress: from, noDelay: true });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  async describe(url: string, authorization?: string): Promise<{ status: number; code: string; text: string }> {
    const header = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
    this.socket.write(`DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n${header}\r\n`);
    let text = '';
    while (!text.includes('\r\n\r\n')) text += String(((await once(this.socket, 'data')) as [Buffer])[0]);
    const status = Number(/^RTSP\/1\.0 (\d{3})/.exec(text)?.[1]);
    return { status, code: /^x-error-code: *(\S+)/im.exec(text)?.[1] ?? '', text };
  }

  /** Asked, and then with user and password. */
  async enter(url: string, user: string, password: string, uri = url) {
    const client = new Authorization({ user, password });
    client.accept(challengesOf((await this.describe(url)).text));
    const header = client.header('DESCRIBE', uri) ?? '';
    return { ...(await this.describe(url, header)), header, client };
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

const challengesOf = (text: string): string[] =>
  [...text.matchAll(/^www-authenticate: *(.+)\r$/gim)].map(([, challenge = '']) => challenge);

const enter = async (url: string, user: string, password: string, uri?: string) => {
  using wire = await Wire.open();
  return await wire.enter(url, user, password, uri);
};

const GST_SINK = 'application/x-rtp,media=video ! rtph264depay ! h264parse ! avdec_h264 ! fakesink num-buffers=25';

describe('a player with a stream account', () => {
  it('ffmpeg plays the URL that was answered, and the account tells when and where', async () => {
    const account = await create();
    expect((await play(urlOf(account), { seconds: 1, copy: true })).length).toBeGreaterThan(10);
    expect((await play(urlOf(account), { seconds: 1, copy: true, transport: 'any' })).length).toBeGreaterThan(10);
    const { lastUsedAt, lastUsedFrom } = (await rest.call('GET', `/stream-accounts/${account.id}`)) as Account;
    expect([typeof lastUsedAt, lastUsedFrom]).toEqual(['string', '127.0.0.1']);
  }, 60_000);

  it.each([
    ['in the URL', (account: Account) => [`location=${urlOf(account)}`]],
    [
      'as settings of its own',
      (account: Account) => [
        `location=${plain(urlOf(account))}`,
        `user-id=${account.username}`,
        `user-pw=${account.password}`,
      ],
    ],
  ])(
    'GStreamer plays with user and password %s',
    async (_title, settings) => {
      const source = ['rtspsrc', ...settings(await create()), 'protocols=tcp', 'latency=50'];
      const ended = await runPeer('gst-launch-1.0', ['-q', ...source, '!', ...GST_SINK.split(' ')]);
      expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
    },
    60_000,
  );

  it('is let in whether its program names the URL whole or from the slash on', async () => {
    const account = await create();
    const url = plain(urlOf(account));
    const { username, password } = account;
    expect(await enter(url, username, password)).toMatchObject({ status: 200 });
    expect(await enter(url, username, password, new URL(url).pathname)).toMatchObject({ status: 200 });
    expect(await enter(url, username, password, url.replace('/gate/', '/yard/'))).toMatchObject({ status: 400 });
  });

  it('watches what its scope has, and nothing else', async () => {
    const one = await create();
    const whole = await create({ cameraIds: [], siteIds: [site.record.id] });
    const gateUrl = plain(urlOf(one));
    const yardUrl = gateUrl.replace(`/${gate.path}/`, `/${yard.path}/`);
    const status = async (url: string, { username, password }: Account) => {
      const { status: number, code } = await enter(url, username, password);
      return `${number} ${code}`.trim();
    };
    expect(await status(yardUrl, one)).toBe('403 forbidden');
    expect(await status(yardUrl, whole)).toBe('200');
    expect(await status(gateUrl.replace(/live$/, 'low-res'), one)).toBe('403 forbidden');
    expect(await status(gateUrl.replace('/hamburg/', '/berlin/'), whole)).toBe('403 forbidden');
    for (const reason of ['camera', 'usage']) {
      await waitUntil(`the refusal by ${reason} is audited`, () => audited(reason, one.id));
    }
  });

  it('comes from where it may, and not from elsewhere', async () => {
    const { username, password, ...account } = await create({ allowedCidrs: ['192.0.2.0/24'] });
    const url = plain(urlOf({ username, password, ...account }));
    expect(await enter(url, username, password)).toMatchObject({ status: 403, code: 'forbidden' });
    await change(account.id, { allowedCidrs: ['127.0.0.0/8'] });
    expect(await enter(url, username, password)).toMatchObject({ status: 200 });
  });

  it('of another tenant sees nothing of this one', async () => {
    const stranger = await otherTenant(platform);
    const made = (await stranger.rest.call('POST', '/sites', { name: 'Hamburg' })) as { id: string };
    const account = await create({ cameraIds: [], siteIds: [made.id] }, stranger.rest);
    const url = `rtsp://127.0.0.1:${platform.ports.rtsp}/hamburg/${gate.path}/live`;
    const answer = await enter(url, account.username, account.password);
    // In that tenant there is such a site too, without this camera.
    expect([answer.status === 200, answer.text.includes('m=video')]).toEqual([false, false]);
  });

  it('opens 60 streams at once, as recorders do when they start', async () => {
    const { username, password, ...account } = await create();
    const url = plain(urlOf({ username, password, ...account }));
    const answers = await Promise.all(Array.from({ length: 60 }, () => enter(url, username, password)));
    expect(answers.map(({ status, code }) => `${status} ${code}`).filter((answer) => answer !== '200 ')).toEqual([]);
  }, 40_000);

  it('may still bring a ticket instead', async () => {
    expect((await play(await site.viewUrl(gate), { seconds: 1, copy: true })).length).toBeGreaterThan(10);
  }, 40_000);
});

describe('a stranger', () => {
  it('is told the same for a wrong password and for a name that is nobody’s', async () => {
    const account = await create();
    const url = plain(urlOf(account));
    const wrong = await enter(url, account.username, 'wrong');
    const nobody = await enter(url, 'nobodyknows1', account.password);
    const same = (text: string): string => text.replace(/nonce="[^"]*"|^Date:.*$/gm, '');
    expect(wrong).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(same(wrong.text)).toBe(same(nobody.text));
    expect(challengesOf(wrong.text)).toHaveLength(2);
    await waitUntil('the wrong password is audited', () => audited('wrong-password', account.id));
  });

  it('gets nothing with what it overheard: on another connection, or on this one again', async () => {
    const account = await create();
    const url = plain(urlOf(account));
    using wire = await Wire.open();
    const entered = await wire.enter(url, account.username, account.password);
    expect(entered.status).toBe(200);
    using other = await Wire.open();
    const replayed = await other.describe(url, entered.header);
    expect([replayed.status, replayed.text.includes('stale=true')]).toEqual([401, true]);
    // The owner's own connection asks again for another stream, for which the same answer must not do.
    const another = url.replace(/live$/, 'low-res');
    const header = entered.header.replaceAll('/live"', '/low-res"');
    expect(await wire.describe(another, header)).toMatchObject({ status: 401 });
    // A client that is told so answers the new challenge by itself.
    entered.client.accept(challengesOf(replayed.text));
    expect(await other.describe(url, entered.client.header('DESCRIBE', url))).toMatchObject({ status: 200 });
  });

  it('is slowed down who guesses, and an owner elsewhere is not', async () => {
    const account = await create();
    const url = plain(urlOf(account));
    using wire = await Wire.open();
    const codes: string[] = [];
    for (let guess = 0; guess < 102; guess++) {
      const client = new Authorization({ user: account.username, password: `guess${guess}` });
      client.accept(challengesOf((await wire.describe(url)).text));
      codes.push((await wire.describe(url, client.header('DESCRIBE', url))).code);
    }
    expect([codes.slice(0, 100).every((code) => code === 'unauthenticated'), codes.at(-1)]).toEqual([
      true,
      'rate-limited',
    ]);
    using elsewhere = await Wire.open('127.0.0.9');
    expect(await elsewhere.enter(url, account.username, account.password)).toMatchObject({ status: 200 });
  }, 60_000);

  it('is not asked by Basic, and is not heard with it', async () => {
    const account = await create();
    const url = plain(urlOf(account));
    using wire = await Wire.open();
    const basic = `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;
    const answer = await wire.describe(url, basic);
    expect([answer.status, /basic/i.test(answer.text)]).toEqual([401, false]);
  });
});

describe('what is being watched', () => {
  const whileWatched = async (body: object, act: (account: Account) => Promise<unknown>): Promise<Player> => {
    const account = await create(body);
    const player = new Player(urlOf(account), { copy: true });
    await player.untilFrames(10);
    await act(account);
    return player;
  };

  it.each([
    ['revoked', ({ id }: Account) => rest.call('POST', `/stream-accounts/${id}/revoke`)],
    ['given another password', ({ id }: Account) => rest.call('POST', `/stream-accounts/${id}/rotate-password`)],
    ['given another scope', ({ id }: Account) => change(id, { cameraIds: [yard.id] })],
    ['over', ({ id }: Account) => change(id, { expiresAt: new Date(Date.now() + 2_000).toISOString() })],
  ])(
    'ends within seconds when the account is %s, and another account’s goes on',
    async (_title, act) => {
      const other = new Player(urlOf(await create()), { copy: true });
      await other.untilFrames(10);
      await using player = await whileWatched({}, act);
      await waitUntil('the player ends', () => !player.isPlaying, END_MS);
      await other.untilFrames(other.frames.length + 10);
      await other.stop();
    },
    60_000,
  );

  it('ends at the account’s own time, without anybody’s doing', async () => {
    const expiresAt = new Date(Date.now() + 6_000).toISOString();
    await using player = await whileWatched({ expiresAt }, () => Promise.resolve());
    await waitUntil('the player ends', () => !player.isPlaying, 2 * END_MS);
  }, 60_000);

  it('goes on under another name of the account', async () => {
    await using player = await whileWatched({}, ({ id }) => change(id, { name: 'Another name' }));
    const before = player.frames.length;
    // Two looks of the watch.
    await player.untilFrames(before + 25 * 7, 30_000);
  }, 60_000);

  it('says why the password is refused, once the account is over', async () => {
    const { id, username, password, ...account } = await create();
    const url = plain(urlOf({ id, username, password, ...account }));
    await rest.call('POST', `/stream-accounts/${id}/revoke`);
    expect(await enter(url, username, password)).toMatchObject({ status: 403, code: 'stream-account-revoked' });
    expect(await enter(url, username, 'wrong')).toMatchObject({ status: 401, code: 'unauthenticated' });
  });

  it('takes the password after a rotation, and the one before no more', async () => {
    const account = await create();
    const url = plain(urlOf(account));
    const { password } = (await rest.call('POST', `/stream-accounts/${account.id}/rotate-password`)) as Account;
    expect(await enter(url, account.username, account.password)).toMatchObject({ status: 401 });
    expect(await enter(url, account.username, password)).toMatchObject({ status: 200 });
  });
});

it('keeps names, passwords and what proves them out of the log', async () => {
  const account = await create();
  const answer = await enter(plain(urlOf(account)), account.username, account.password);
  const response = /response="([0-9a-f]+)"/.exec(answer.header)?.[1] ?? '';
  const log = platform.lines.join('\n');
  expect(response).toHaveLength(64);
  for (const secret of [account.password, response]) expect(log).not.toContain(secret);
});

it('is described to nobody who brings neither account nor ticket', async () => {
  const url = plain(urlOf(await create()));
  expect(await describeRtsp(url)).toMatchObject({ status: 401, code: 'unauthenticated' });
});
