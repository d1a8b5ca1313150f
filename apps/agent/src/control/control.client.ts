import {
  CONTROL,
  CONTROL_SERVICE,
  type ControlAnswer,
  type ControlKind,
  type ControlRequest,
  controlResponse,
  encodeMessage,
  readMessage,
} from '@app/contracts';
import { channelDuplex, OpenRefusedError, type Session } from '@app/multiplex';
import { AgentError, ControlRefusedError } from '../errors.js';

/** Longer than the broker's own wait for the issuer. */
const ANSWER_TIMEOUT_MS = 15_000;
const OPEN_TIMEOUT_MS = 10_000;

/**
 * Asks the broker at the other end of a session, on a channel of its own.
 * @throws ControlRefusedError with the broker's code; AgentError `control-failed` when there was no answer to read
 */
export const askBroker = async <K extends ControlKind>(
  session: Session,
  request: ControlRequest<K> & { kind: K },
): Promise<ControlAnswer<K>> => {
  const response = controlResponse.safeParse(await exchange(session, request));
  if (!response.success) throw failed('the broker answered something else');
  if (!response.data.ok) {
    const { code, detail, retryAfterMs } = response.data;
    throw new ControlRefusedError(code, detail, retryAfterMs);
  }
  const answer = CONTROL[request.kind].answer.safeParse(response.data.answer);
  if (!answer.success) throw failed('the broker answered something else');
  return answer.data as ControlAnswer<K>;
};

const exchange = async (session: Session, request: ControlRequest): Promise<unknown> => {
  const stream = await openStream(session);
  stream.on('error', () => undefined);
  try {
    const answer = readMessage(stream, ANSWER_TIMEOUT_MS);
    stream.end(encodeMessage(request));
    return await answer;
  } catch (cause) {
    throw failed('the connection was lost before the broker had answered', cause);
  } finally {
    stream.destroy();
  }
};

const openStream = async (session: Session) => {
  try {
    return channelDuplex(
      await session.open({ service: CONTROL_SERVICE, class: 'control', timeoutMs: OPEN_TIMEOUT_MS }),
    );
  } catch (cause) {
    if (!(cause instanceof OpenRefusedError)) throw cause;
    // A broker of before has no services of its own.
    if (cause.code === 'unknown-service') throw new ControlRefusedError('not-implemented', 'this broker is older');
    throw failed(`the broker cannot be asked now: ${cause.code}`, cause);
  }
};

const failed = (message: string, cause?: unknown): AgentError =>
  new AgentError('control-failed', message, undefined, { cause });
