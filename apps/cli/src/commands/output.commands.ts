import { commandDone } from '../api/shapes.js';
import { command } from '../program/command.js';
import { timesText } from './command-times.js';
import { findEntity } from './entity-reference.js';
import { ON_OFF, onOff } from './on-off.js';

const set = command({
  path: 'output set',
  summary: 'switch an output of a site, such as a relay',
  args: [
    { name: '<output>', summary: 'id, or a name or remote id that only one output has', complete: 'none' },
    { name: '<state>', summary: 'on or off', complete: ON_OFF },
  ],
  examples: ["adit output set 'Gate relay' on", 'adit output set 7d3c8a4e-5f0b-5c1e-9a53-0c1f6f1f2b11 off'],
  run: async ({ args: [reference = '', state = ''], api, out }) => {
    const active = onOff(state);
    const client = await api();
    const { id, name } = await findEntity(client, reference, 'output');
    const done = await client.post(commandDone, `/outputs/${id}/state`, { active });
    out.done(done, `${name}: ${state} (${timesText(done)})`);
  },
});

export const OUTPUT_COMMANDS = [set];
