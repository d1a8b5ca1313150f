import { commandDone } from '../api/shapes.js';
import { command } from '../program/command.js';
import { timesText } from './command-times.js';
import { ON_OFF, onOff } from './on-off.js';

const set = command({
  path: 'output set',
  summary: 'switch an output of a site, such as a relay',
  args: [
    { name: '<output>', summary: 'id of the output', complete: 'none' },
    { name: '<state>', summary: 'on or off', complete: ON_OFF },
  ],
  examples: ['adit output set 7d3c8a4e-5f0b-5c1e-9a53-0c1f6f1f2b11 on'],
  run: async ({ args: [id = '', state = ''], api, out }) => {
    const active = onOff(state);
    const client = await api();
    const done = await client.post(commandDone, `/outputs/${encodeURIComponent(id)}/state`, { active });
    out.done(done, `${id}: ${state} (${timesText(done)})`);
  },
});

export const OUTPUT_COMMANDS = [set];
