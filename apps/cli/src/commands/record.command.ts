import { commandDone } from '../api/shapes.js';
import { command } from '../program/command.js';
import { timesText } from './command-times.js';
import { CAMERA_ARGUMENT } from './export.command.js';
import { cameraAddress, findCamera } from './site-reference.js';
import { ON_OFF, onOff } from './on-off.js';

export const recordCommand = command({
  path: 'camera record',
  summary: 'have the site record a camera, or end it',
  args: [CAMERA_ARGUMENT, { name: '<state>', summary: 'on or off', complete: ON_OFF }],
  examples: ['adit camera record hamburg-sued/gate on'],
  run: async ({ args: [reference = '', state = ''], api, out }) => {
    const recording = onOff(state);
    const client = await api();
    const camera = await findCamera(client, reference);
    const done = await client.post(commandDone, `/cameras/${camera.id}/recording`, { recording });
    out.done(done, `${cameraAddress(camera)}: recording ${state} (${timesText(done)})`);
  },
});
