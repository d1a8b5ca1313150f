import { setTimeout as delay } from 'node:timers/promises';
import { MediaError } from '@app/media';
import type { CommandOutcome, SiteCommand } from '../site/site-command.js';
import { SiteDirectory } from '../site/site-directory.js';
import { type Right, RIGHTS } from '../users/rights.js';
import type { Command, CommandRecord, CommandReport, CommandRequest } from './command.js';
import { CommandDispatcher, type CommandDispatcherOptions } from './command-dispatcher.js';

const MOVE: Command = { kind: 'ptz-move', pan: 0.5, tilt: 0, zoom: 0 };
const never = new AbortController().signal;
const done: CommandOutcome = { outcome: 'done' };

describe('CommandDispatcher', () => {
  let asked: SiteCommand[];
  let records: CommandRecord[];
  let answer: (command: SiteCommand, signal: AbortSignal) => Promise<CommandOutcome>;
  let dispatcher: CommandDispatcher;

  const start = (options: Partial<CommandDispatcherOptions> = {}): void => {
    const site = new SiteDirectory();
    const of = { state: 'online' as const, stateReason: '', streams: [] };
    site.upsert({ ...of, remoteId: 'dome', kind: 'camera', name: 'Dome', ptz: true });
    site.upsert({ ...of, remoteId: 'fixed', kind: 'camera', name: 'Fixed' });
    site.upsert({ ...of, remoteId: 'siren', kind: 'output', name: 'Siren' });
    site.upsert({ ...of, remoteId: 'orphan', kind: 'output', name: 'Of a system that takes no commands' });
    dispatcher = new CommandDispatcher({
      site,
      connectors: [
        {},
        {
          execute: (remoteId, command, signal) => {
            if (remoteId === 'orphan') return undefined;
            asked.push(command);
            return answer(command, signal);
          },
        },
      ],
      record: (entry) => records.push(entry),
      ...options,
    });
  };

  const send = (
    command: Command,
    { entityId = 'dome', user = 'anna', level = 50, allow = RIGHTS }: Partial<CommandRequest> = {},
    signal = never,
  ): Promise<CommandReport> => dispatcher.execute({ entityId, account: 'cloud', allow, user, level, command }, signal);
  const kinds = (): string[] => asked.map(({ kind }) => kind);

  beforeEach(() => {
    asked = [];
    records = [];
    answer = () => Promise.resolve(done);
    start();
  });

  afterEach(() => dispatcher.close());

  it('asks the connector that has the entity, and tells how long the device took', async () => {
    answer = () => delay(30, done);
    const { outcome, deviceMs } = await send({ kind: 'set-output', active: true }, { entityId: 'siren' });
    expect(outcome).toEqual(done);
    expect(deviceMs).toBeGreaterThan(20);
    expect(asked).toEqual([{ kind: 'set-output', active: true }]);
  });

  it.each([
    ['fixed', MOVE, 'no-ptz: '],
    ['siren', MOVE, 'wrong-kind: '],
    ['dome', { kind: 'set-output', active: true }, 'wrong-kind: '],
    ['orphan', { kind: 'set-output', active: true }, 'no-command: '],
    ['none', { kind: 'set-recording', recording: true }, 'wrong-kind: '],
  ] as const)('says what %s cannot do', async (entityId, command, reason) => {
    const { outcome } = await send(command, { entityId });
    expect(outcome).toEqual({ outcome: 'unsupported', reason: expect.stringContaining(reason) });
    expect(asked).toEqual([]);
  });

  it('lets an alarm of any entity be acknowledged', async () => {
    const acknowledge: Command = { kind: 'acknowledge-alarm', alarmId: '7' };
    expect((await send(acknowledge, { entityId: 'fixed' })).outcome).toEqual(done);
    expect(asked).toEqual([acknowledge]);
  });

  it('refuses what the account may not do, before anything is held', async () => {
    const allow: Right[] = ['outputs', 'live'];
    expect((await send(MOVE, { allow })).outcome).toEqual({
      outcome: 'refused',
      reason: expect.stringMatching(/^not-permitted: .*ptz/),
    });
    expect(dispatcher.ptz('dome').hold).toBeUndefined();
    expect((await send({ kind: 'set-output', active: false }, { entityId: 'siren', allow })).outcome).toEqual(done);
  });

  it('keeps a record of who did what, of moves once for each hold', async () => {
    for (let moves = 0; moves < 5; moves++) await send(MOVE);
    await send(MOVE, { user: 'ben' });
    await send({ kind: 'ptz-stop' });
    expect(
      records.map(({ user, command, outcome, reason }) => [user, command, outcome, reason?.split(':')[0]]),
    ).toEqual([
      ['anna', 'ptz-move', 'done', undefined],
      ['ben', 'ptz-move', 'refused', 'ptz-held'],
      ['anna', 'ptz-stop', 'done', undefined],
    ]);
  });

  it('sends one command after the other, and of those that wait only the newest', async () => {
    answer = () => delay(40, done);
    const first = send(MOVE);
    await delay(5);
    const second = send({ ...MOVE, tilt: 1 });
    const third = send({ kind: 'ptz-stop' });
    expect((await first).outcome).toEqual(done);
    expect((await second).outcome).toEqual({ outcome: 'refused', reason: expect.stringMatching(/^superseded: /) });
    expect((await third).outcome).toEqual(done);
    expect(kinds()).toEqual(['ptz-move', 'ptz-stop']);
  });

  it('never begins a command late', async () => {
    answer = () => delay(60, done);
    const first = send({ kind: 'set-output', active: true }, { entityId: 'siren' });
    const late = send({ kind: 'set-output', active: false }, { entityId: 'siren' }, AbortSignal.timeout(20));
    await expect(late).rejects.toMatchObject({ code: 'command-expired' });
    await first;
    expect(asked).toHaveLength(1);
    await expect(send(MOVE, {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'command-expired' });
    expect(dispatcher.ptz('dome').hold).toBeUndefined();
  });

  it('gives up a device that does not answer, though its connector heeds no signal', async () => {
    start({ limits: { deviceMs: 30 } });
    answer = () => new Promise(() => undefined);
    await expect(send(MOVE)).rejects.toMatchObject({ code: 'device-timeout' });
    answer = () => Promise.resolve(done);
    expect((await send({ kind: 'ptz-stop' })).outcome).toEqual(done);
    expect(records.map(({ outcome }) => outcome)).toEqual(['failed', 'done']);
  });

  it('passes on the failure of a device with its code', async () => {
    answer = () => Promise.reject(new MediaError('camera-unauthorized', 'the device refuses the account'));
    await expect(send({ kind: 'ptz-home' })).rejects.toMatchObject({ code: 'camera-unauthorized' });
  });

  it('refuses when too many wait', async () => {
    answer = () => delay(20, done);
    const all = Array.from({ length: 20 }, () => send({ kind: 'set-output', active: true }, { entityId: 'siren' }));
    const outcomes = (await Promise.all(all)).map(({ outcome }) => outcome);
    const busy = outcomes.filter((outcome) => 'reason' in outcome && outcome.reason.startsWith('entity-busy'));
    expect(busy).toHaveLength(4);
  });

  it('stops a camera whose mover is silent, and tells the device to stop by itself', async () => {
    start({ limits: { moveLeaseMs: 40 } });
    await send(MOVE);
    await delay(25);
    await send(MOVE);
    await delay(25);
    expect(kinds()).toEqual(['ptz-move', 'ptz-move']);
    expect(asked[0]).toMatchObject({ timeoutMs: 1_040 });
    await delay(60);
    expect(kinds()).toEqual(['ptz-move', 'ptz-move', 'ptz-stop']);
    expect(records.at(-1)).toMatchObject({ user: 'the site itself', command: 'ptz-stop', outcome: 'done' });
  });

  it('watches no camera that was stopped, sent home or moved by nothing', async () => {
    start({ limits: { moveLeaseMs: 30 } });
    const ends: Command[] = [
      { kind: 'ptz-stop' },
      { kind: 'ptz-home' },
      { kind: 'ptz-move', pan: 0, tilt: 0, zoom: 0 },
    ];
    for (const end of ends) {
      await send(MOVE);
      await send(end);
    }
    await delay(60);
    expect(kinds()).toEqual(['ptz-move', 'ptz-stop', 'ptz-move', 'ptz-home', 'ptz-move', 'ptz-stop']);
  });

  it('goes on watching when the stop failed, and when a move overtook it', async () => {
    start({ limits: { moveLeaseMs: 50 } });
    await send(MOVE);
    answer = () => Promise.reject(new MediaError('camera-silent', 'the device is silent'));
    await send({ kind: 'ptz-stop' }).catch(() => undefined);
    answer = ({ kind }) => (kind === 'ptz-stop' ? delay(20, done) : Promise.resolve(done));
    await delay(100);
    expect(kinds()).toEqual(['ptz-move', 'ptz-stop', 'ptz-stop']);
    const stopping = send({ kind: 'ptz-stop' });
    await delay(5);
    await Promise.all([send(MOVE), stopping]);
    await delay(100);
    expect(kinds().slice(3)).toEqual(['ptz-stop', 'ptz-move', 'ptz-stop']);
  });

  it('stops a camera for whoever locks it away from its mover', async () => {
    await send(MOVE);
    const chief = { user: 'chief', level: 1 };
    expect((await send({ kind: 'ptz-lock', locked: true }, chief)).outcome).toEqual(done);
    expect(kinds()).toEqual(['ptz-move', 'ptz-stop']);
    expect((await send(MOVE)).outcome).toMatchObject({ reason: 'ptz-held: chief (level 1) steers this camera' });
    expect(dispatcher.ptz('dome')).toMatchObject({ hold: { user: 'chief' }, lock: { user: 'chief', level: 1 } });
    await send({ kind: 'ptz-lock', locked: false }, chief);
    expect((await send(MOVE)).outcome).toEqual(done);
  });

  it('lets nobody wait for an account that is gone: neither its hand nor its lock is left, and nothing turns', async () => {
    await send({ kind: 'ptz-lock', locked: true }, { level: 1 });
    await send(MOVE, { level: 1 });
    const { held } = dispatcher;
    const ofAnna = { account: 'cloud', right: 'ptz', entityId: 'dome', level: 1 };
    expect(held).toMatchObject([ofAnna, ofAnna]);
    expect((await send(MOVE, { user: 'ben' })).outcome).toMatchObject({ outcome: 'refused' });
    for (const holding of [...held, ...held]) holding.end();
    expect(dispatcher.ptz('dome')).toEqual({ hold: undefined, lock: undefined });
    await delay(5);
    expect((await send(MOVE, { user: 'ben' })).outcome).toEqual(done);
    expect(kinds()).toEqual(['ptz-move', 'ptz-stop', 'ptz-move']);
    for (const holding of held) holding.end();
    expect(dispatcher.ptz('dome').hold).toMatchObject({ user: 'ben' });
  });

  it('does not begin what an account may not do any more when its turn comes', async () => {
    answer = () => delay(20, done);
    const begun = send({ kind: 'set-output', active: true }, { entityId: 'siren' });
    const waiting = send({ kind: 'set-output', active: false }, { entityId: 'siren' });
    await delay(5);
    expect(dispatcher.held).toMatchObject([{ right: 'outputs', entityId: 'siren' }, { right: 'outputs' }]);
    for (const holding of dispatcher.held) holding.end();
    expect((await begun).outcome).toEqual(done);
    expect((await waiting).outcome).toEqual({ outcome: 'refused', reason: expect.stringMatching(/^not-permitted: /) });
    expect(asked).toHaveLength(1);
    expect(records.map(({ outcome }) => outcome)).toEqual(['done', 'refused']);
    expect(dispatcher.held).toEqual([]);
  });

  it('leaves no camera turning when the site stops', async () => {
    await send(MOVE);
    await dispatcher.close();
    expect(kinds()).toEqual(['ptz-move', 'ptz-stop']);
  });
});
