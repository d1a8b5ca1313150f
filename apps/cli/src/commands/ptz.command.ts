import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import type { ApiClient } from '../api/client.js';
import { type Camera, commandDone, ptzStatus } from '../api/shapes.js';
import { CliError } from '../errors.js';
import { instant } from '../output/time.js';
import { type Call, command } from '../program/command.js';
import { durationSeconds } from '../program/input.js';
import { timesText } from './command-times.js';
import { CAMERA_ARGUMENT } from './export.command.js';
import { cameraAddress, findCamera } from './site-reference.js';

const ACTIONS = ['status', 'move', 'stop', 'preset', 'home', 'lock', 'unlock'] as const;
type Action = (typeof ACTIONS)[number];

/** The site stops a camera that hears nothing for 3 s. */
const REPEAT_MS = 1_000;

interface Flags {
  pan?: number;
  tilt?: number;
  zoom?: number;
  for?: number;
}
type Done = z.infer<typeof commandDone>;

/** @throws CliError `wrong-usage` */
const velocity =
  (flag: string) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && Math.abs(value) <= 1) return value;
    throw new CliError('wrong-usage', `${flag}: ${text} is no speed from -1 to 1`);
  };

const speed = (name: string, summary: string): { flags: string; summary: string; parse: (text: string) => number } => ({
  flags: `--${name} <speed>`,
  summary,
  parse: velocity(`--${name}`),
});

export const ptzCommand = command<Flags>({
  path: 'camera ptz',
  summary: 'turn a camera, lock it, or see who steers it',
  args: [
    CAMERA_ARGUMENT,
    { name: '[action]', summary: `${ACTIONS.join(', ')}`, complete: ACTIONS },
    { name: '[preset]', summary: 'of the action preset', complete: 'none' },
  ],
  options: [
    { ...speed('pan', 'move: to the right, -1 to 1'), complete: 'none' },
    { ...speed('tilt', 'move: upwards, -1 to 1'), complete: 'none' },
    { ...speed('zoom', 'move: closer, -1 to 1'), complete: 'none' },
    { flags: '--for <time>', summary: 'move: so long, 1s without', parse: durationSeconds('--for'), complete: 'none' },
  ],
  examples: [
    'adit camera ptz hamburg-sued/dome',
    'adit camera ptz hamburg-sued/dome move --pan -0.5 --for 3s',
    'adit camera ptz hamburg-sued/dome preset 1',
  ],
  handlesInterrupt: true,
  run: async (call) => {
    const [reference = '', given = 'status', preset] = call.args;
    const action = actionOf(given, preset);
    const client = await call.api();
    const camera = await findCamera(client, reference);
    if (action === 'status') return show(call, client, camera);
    const done = await (action === 'move' ? move(call, client, camera) : send(client, camera, { action, preset }));
    call.out.done(done, `${cameraAddress(camera)}: ${action} (${timesText(done)})`);
  },
});

const actionOf = (given: string, preset: string | undefined): Action => {
  const action = ACTIONS.find((name) => name === given);
  if (action === undefined) throw new CliError('wrong-usage', `${given} is none of ${ACTIONS.join(', ')}`);
  if (action === 'preset' && preset === undefined)
    throw new CliError('wrong-usage', 'the preset is missing', 'adit camera ptz CAMERA shows them');
  return action;
};

const send = (client: ApiClient, { id }: Camera, body: Record<string, unknown>): Promise<Done> =>
  client.post(commandDone, `/cameras/${id}/ptz`, body);

/** Repeats the move until its time is over, or somebody presses Ctrl-C; then it stops. */
const move = async ({ flags, signal }: Call<Flags>, client: ApiClient, camera: Camera): Promise<Done> => {
  const { pan = 0, tilt = 0, zoom = 0, for: seconds = 1 } = flags;
  const repeated = { action: 'move', pan, tilt, zoom };
  const done = await send(client, camera, repeated);
  for (let left = seconds; left > 0 && !signal.aborted; left--) {
    await delay(REPEAT_MS, undefined, { signal }).catch(() => undefined);
    if (left > 1 && !signal.aborted) await send(client, camera, repeated);
  }
  await send(client, camera, { action: 'stop' });
  return done;
};

const show = async ({ out, terminal }: Call<Flags>, client: ApiClient, camera: Camera): Promise<void> => {
  const status = await client.get(ptzStatus, `/cameras/${camera.id}/ptz`);
  if (out.isJson) return out.json(status);
  const { presets, hold, lock } = status;
  terminal.print(
    hold ? `steered by ${hold.user} (level ${hold.level}) until ${instant(hold.until)}` : 'steered by nobody',
  );
  if (lock) terminal.print(`locked by ${lock.user} (level ${lock.level})`);
  for (const { preset, name } of presets) terminal.print(`preset ${preset}: ${name}`);
};
