import { CONTROL_SERVICE, encodeMessage, readMessage } from '@app/contracts';
import { channelDuplex, type OpenRequest, Session } from '@app/multiplex';
import { duplexPair } from 'node:stream';
import { AgentError, ControlRefusedError } from '../errors.js';
import { askBroker } from './control.client.js';

const HELLO = { instanceId: 'i-1', agentVersion: '0.1.0', platform: 'linux-x64', wallClockMs: 0 };

const answering =
  (bytes: Buffer) =>
  (request: OpenRequest): void => {
    const stream = channelDuplex(request.accept());
    stream.on('error', () => undefined);
    void readMessage(stream, 1_000).then(() => stream.end(bytes));
  };

describe('a question to the broker', () => {
  const sessions: Session[] = [];
  afterEach(() => sessions.splice(0).forEach((session) => session.close()));

  const agentOf = async (onOpen?: (request: OpenRequest) => void): Promise<Session> => {
    const [near, far] = duplexPair();
    const admit = () => Promise.resolve({ sessionId: 's-1' });
    const broker = new Session({ role: 'broker', transport: far, admit, ...(onOpen === undefined ? {} : { onOpen }) });
    const agent = new Session({ role: 'agent', transport: near, hello: HELLO });
    sessions.push(agent, broker);
    await Promise.all([broker.start(), agent.start()]);
    return agent;
  };

  const failureOf = (asking: Promise<unknown>): Promise<unknown> =>
    asking.then(
      () => 'answered',
      (error: unknown) => error,
    );

  it('goes to the control service and brings the answer back', async () => {
    const asked: string[] = [];
    const agent = await agentOf((request) => {
      asked.push(`${request.service} ${request.class}`);
      answering(encodeMessage({ ok: true, answer: { nowMs: 5, more: 'of a later version' } }))(request);
    });
    expect(await askBroker(agent, { kind: 'clock' })).toEqual({ nowMs: 5 });
    expect(asked).toEqual([`${CONTROL_SERVICE} control`]);
  });

  it('fails with the code of the refusal', async () => {
    const refusal = { ok: false, code: 'unavailable', detail: 'later', retryAfterMs: 70 };
    const error = await failureOf(askBroker(await agentOf(answering(encodeMessage(refusal))), { kind: 'clock' }));
    expect(error).toBeInstanceOf(ControlRefusedError);
    expect(error).toMatchObject({ code: 'control-refused', reason: 'unavailable', retryAfterMs: 70 });
  });

  it('fails with not-implemented at a broker that has no such service', async () => {
    const error = await failureOf(askBroker(await agentOf(), { kind: 'clock' }));
    expect(error).toMatchObject({ code: 'control-refused', reason: 'not-implemented' });
  });

  it.each([
    ['of another form', encodeMessage({ ok: true, answer: { nowMs: 'soon' } })],
    ['that is none', encodeMessage(null)],
    ['that is cut', Buffer.from([0, 0, 0, 9, 0x7b])],
    ['that is too large', Buffer.from([0, 1, 0, 0])],
  ])('fails at an answer %s', async (_case, bytes) => {
    const error = await failureOf(askBroker(await agentOf(answering(bytes)), { kind: 'clock' }));
    expect(error).toBeInstanceOf(AgentError);
    expect(error).toMatchObject({ code: 'control-failed' });
  });

  it('fails when the session ends meanwhile, and when it has ended', async () => {
    const agent = await agentOf((request) => {
      request.accept();
      agent.close();
    });
    expect(await failureOf(askBroker(agent, { kind: 'clock' }))).toMatchObject({ code: 'control-failed' });
    expect(await failureOf(askBroker(agent, { kind: 'clock' }))).toMatchObject({ code: 'control-failed' });
  });
});
