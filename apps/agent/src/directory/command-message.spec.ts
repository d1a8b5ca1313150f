import { create, type JsonValue, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { Code } from '@connectrpc/connect';
import type { SiteEntity } from '../site/entity.js';
import { deadlineOf, readCommand, readLevel, toWirePtz } from './command-message.js';

const never = new AbortController().signal;
type Wire = NonNullable<MessageInitShape<typeof directory.ExecuteRequestSchema>['command']>;

const request = (
  init: Omit<MessageInitShape<typeof directory.ExecuteRequestSchema>, '$typeName'>,
): directory.ExecuteRequest => create(directory.ExecuteRequestSchema, init);

describe('a command on the wire', () => {
  it.each([
    [
      { case: 'ptzMove', value: { pan: 1, tilt: -1, zoom: 0 } },
      { kind: 'ptz-move', pan: 1, tilt: -1, zoom: 0 },
    ],
    [{ case: 'ptzStop', value: {} }, { kind: 'ptz-stop' }],
    [
      { case: 'ptzGotoPreset', value: { preset: '3' } },
      { kind: 'ptz-preset', preset: '3' },
    ],
    [{ case: 'ptzHome', value: {} }, { kind: 'ptz-home' }],
    [
      { case: 'ptzLock', value: { locked: true } },
      { kind: 'ptz-lock', locked: true },
    ],
    [
      { case: 'setOutput', value: { active: true } },
      { kind: 'set-output', active: true },
    ],
    [
      { case: 'setRecording', value: { recording: false } },
      { kind: 'set-recording', recording: false },
    ],
    [
      { case: 'acknowledgeAlarm', value: { alarmId: 'a' } },
      { kind: 'acknowledge-alarm', alarmId: 'a' },
    ],
  ] as const)('is read: %j', (command, expected) => {
    expect(readCommand(request({ command }))).toEqual(expected);
  });

  it.each([
    { case: undefined },
    { case: 'ptzMove', value: { pan: 1.01 } },
    { case: 'ptzMove', value: { tilt: Number.NaN } },
    { case: 'ptzMove', value: { zoom: Number.NEGATIVE_INFINITY } },
    { case: 'ptzGotoPreset', value: { preset: '' } },
    { case: 'ptzGotoPreset', value: { preset: 'x'.repeat(201) } },
    { case: 'acknowledgeAlarm', value: {} },
  ])('is refused: %j', (command) => {
    const read = (): unknown => readCommand(request({ command: command as Wire }));
    expect(read).toThrow(expect.objectContaining({ code: Code.InvalidArgument }));
  });

  it.each([
    [0, 254],
    [1, 1],
    [254, 254],
    [255, 254],
    [4_294_967_295, 254],
  ])('of level %d counts as %d', (level, expected) => expect(readLevel(level)).toBe(expected));

  it('is dropped after its time, and bounded before', () => {
    const expiring = (ms: number): AbortSignal => deadlineOf(request({ expiresAt: timestampFromMs(ms) }), never);
    expect(() => expiring(Date.now() - 1)).toThrow(expect.objectContaining({ code: Code.DeadlineExceeded }));
    expect(() => expiring(0)).toThrow(expect.objectContaining({ code: Code.DeadlineExceeded }));
    expect(expiring(Date.now() + 10_000).aborted).toBe(false);
    expect(expiring(253_402_300_799_000).aborted).toBe(false);
    expect(deadlineOf(request({}), never)).toBe(never);
  });
});

it('presets are those of the camera’s properties that have a key', () => {
  const presets = JSON.parse(
    '[{"token":"1","name":"Gate"},{"token":"2"},{"name":"no key"},null,7,{"token":""}]',
  ) as JsonValue;
  const camera: SiteEntity = {
    remoteId: 'a',
    kind: 'camera',
    name: 'a',
    state: 'online',
    stateReason: '',
    streams: [],
  };
  const told = toWirePtz({ ...camera, properties: { presets } }, { hold: undefined, lock: undefined });
  expect(told.presets).toMatchObject([
    { preset: '1', name: 'Gate' },
    { preset: '2', name: '2' },
  ]);
  expect(told).not.toHaveProperty('hold');
});
