import { CONTROL_SERVICE, type ControlResponse, DomainError, encodeMessage, readMessage } from '@app/contracts';
import { type ChannelClass, channelDuplex, OpenRefusedError, Session } from '@app/multiplex';
import { createLogger } from '@app/runtime';
import { duplexPair } from 'node:stream';
import type { LiveSession } from '../tunnel/session-registry.js';
import { type ControlAnswers, controlAnswers as answersOf } from './control-answers.js';
import { ControlService } from './control.service.js';

const controlAnswers = (now?: () => number): ControlAnswers =>
  answersOf({ request: () => Promise.reject(new Error('no issuer here')) }, now);

const HELLO = { instanceId: 'i-1', agentVersion: '0.1.0', platform: 'linux-x64', wallClockMs: 0 };

interface Scene {
  agent: Session;
  close: () => void;
}

/** @param knows whether the broker's registry has the session */
const scene = async (answers: ControlAnswers = controlAnswers(() => 1_234), knows = true): Promise<Scene> => {
  const [near, far] = duplexPair();
  const service = new ControlService(answers, createLogger('tunnel-broker', 'silent'));
  const broker: Session = new Session({
    role: 'broker',
    transport: far,
    admit: () => Promise.resolve({ sessionId: 's-1' }),
    onOpen: (request) =>
      service.serve(
        knows ? ({ id: 's-1', agentId: 'a-1', session: broker } as unknown as LiveSession) : undefined,
        request,
      ),
  });
  const agent = new Session({ role: 'agent', transport: near, hello: HELLO });
  await Promise.all([broker.start(), agent.start()]);
  return { agent, close: () => [agent, broker].forEach((session) => session.close()) };
};

const ask = async (agent: Session, bytes: Buffer): Promise<ControlResponse> => {
  const stream = channelDuplex(await agent.open({ service: CONTROL_SERVICE, class: 'control' }));
  stream.end(bytes);
  return (await readMessage(stream, 1_000)) as ControlResponse;
};

const refusalTo = (opening: Promise<unknown>): Promise<string> =>
  opening.then(
    () => 'accepted',
    (error: unknown) => (error instanceof OpenRefusedError ? error.code : String(error)),
  );

describe('the control service of a broker', () => {
  const scenes: Scene[] = [];
  const started = async (...options: Parameters<typeof scene>): Promise<Session> => {
    const made = await scene(...options);
    scenes.push(made);
    return made.agent;
  };
  afterEach(() => scenes.splice(0).forEach(({ close }) => close()));

  it('answers a request on the channel that brought it, again and again', async () => {
    const agent = await started();
    for (let turn = 0; turn < 20; turn += 1) {
      expect(await ask(agent, encodeMessage({ kind: 'clock' }))).toEqual({ ok: true, answer: { nowMs: 1_234 } });
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(agent.channelCount).toBe(0);
  });

  it.each([
    ['a kind of a later version', encodeMessage({ kind: 'fly' }), 'not-implemented'],
    ['a name that every object has', encodeMessage({ kind: 'toString' }), 'not-implemented'],
    ['an unknown member', encodeMessage({ kind: 'clock', agentId: 'somebody-else' }), 'invalid-request'],
    ['no object', encodeMessage([null]), 'invalid-request'],
    ['no JSON', Buffer.from([0, 0, 0, 2, 0x7b, 0x7b]), 'invalid-request'],
    ['a length beyond the cap', Buffer.from([0, 0, 0x40, 1]), 'invalid-request'],
    ['a request that ends in the middle', Buffer.from([0, 0, 0, 9, 0x7b]), 'invalid-request'],
    ['two requests', Buffer.concat([encodeMessage(1), encodeMessage(2)]), 'invalid-request'],
  ])('refuses %s', async (_case, bytes, code) => {
    expect(await ask(await started(), bytes)).toMatchObject({ ok: false, code });
  });

  it('passes on the code of a refusal and when to come back, and nothing of a defect', async () => {
    const refusing = await started({
      ...controlAnswers(),
      clock: () => Promise.reject(new DomainError('unavailable', 'later', { retryAfterMs: 70 })),
    });
    const expected = { ok: false, code: 'unavailable', detail: 'later', retryAfterMs: 70 };
    expect(await ask(refusing, encodeMessage({ kind: 'clock' }))).toEqual(expected);
    const broken = await started({ ...controlAnswers(), clock: () => Promise.reject(new Error('secret')) });
    const answer = await ask(broken, encodeMessage({ kind: 'clock' }));
    expect(answer).toMatchObject({ ok: false, code: 'internal' });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it.each<[string, string, ChannelClass, boolean, string]>([
    ['another service', 'directory', 'control', true, 'unknown-service'],
    ['another class', CONTROL_SERVICE, 'live', true, 'not-allowed'],
    ['a session that is not in the registry', CONTROL_SERVICE, 'control', false, 'not-allowed'],
  ])('opens no channel to %s', async (_case, service, channelClass, knows, code) => {
    const agent = await started(controlAnswers(), knows);
    expect(await refusalTo(agent.open({ service, class: channelClass }))).toBe(code);
  });

  it('takes four requests of a session at once, and further ones when those are done', async () => {
    const agent = await started();
    const open = () => agent.open({ service: CONTROL_SERVICE, class: 'control' });
    const four = await Promise.all([open(), open(), open(), open()]);
    expect(await refusalTo(open())).toBe('over-capacity');
    four.forEach((channel) => channel.reset('cancelled'));
    await Promise.all(four.map(({ closed }) => closed));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await ask(agent, encodeMessage({ kind: 'clock' }))).toMatchObject({ ok: true });
  });
});
