import { create } from '@bufbuild/protobuf';
import { timestampDate, timestampFromMs } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { asMediaError, type RecordedRange } from '@app/media';
import { Code, ConnectError } from '@connectrpc/connect';
import type { TimelineSpan } from '../site/site-connector.js';

const { TimelineSpan_State: State } = directory;

export const MAX_TIMELINE_SPANS = 10_000;
const MAX_RANGE_MS = 366 * 86_400_000;

const STATES = {
  recorded: State.RECORDED,
  empty: State.EMPTY,
  unknown: State.UNKNOWN,
  retrieving: State.RETRIEVING,
} as const;

/** @throws ConnectError InvalidArgument unless both ends are there, in their order and at most a year apart */
export const readRange = (range: directory.TimeRange | undefined): RecordedRange => {
  const { start, end } = range ?? {};
  if (start === undefined || end === undefined) throw new ConnectError('range needs both ends', Code.InvalidArgument);
  const [fromMs, toMs] = [timestampDate(start).getTime(), timestampDate(end).getTime()];
  const isSound = Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs && toMs - fromMs <= MAX_RANGE_MS;
  if (!isSound) throw new ConnectError('range must run forwards and over a year at most', Code.InvalidArgument);
  return { fromMs, toMs };
};

export const toWireSpan = ({ fromMs, toMs, state }: TimelineSpan): directory.TimelineSpan =>
  create(directory.TimelineSpanSchema, {
    range: { start: timestampFromMs(fromMs), end: timestampFromMs(toMs) },
    state: STATES[state],
  });

/** The recording device's trouble, its code first. */
export const timelineFault = (error: unknown): ConnectError => {
  const { code, message } = asMediaError(error, 'camera-unreachable');
  return new ConnectError(`${code}: ${message}`.slice(0, 200), Code.Aborted);
};
