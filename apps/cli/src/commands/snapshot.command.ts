import { CliError } from '../errors.js';
import { requireFree, writeNewFile } from '../files/output-file.js';
import { instant } from '../output/time.js';
import { command } from '../program/command.js';
import { CAMERA_ARGUMENT } from './export.command.js';
import { cameraAddress, findCamera } from './site-reference.js';

const CODES = { exists: 'file-exists', unwritable: 'file-unwritable' } as const;

export const snapshotCommand = command<{ output?: string }>({
  path: 'camera snapshot',
  summary: 'bring a still picture of a camera home as a JPEG file',
  args: [CAMERA_ARGUMENT],
  options: [{ flags: '-o, --output <file>', summary: 'the new file', complete: 'file' }],
  examples: ['adit camera snapshot hamburg-sued/gate -o gate.jpg'],
  handlesInterrupt: true,
  run: async ({ args: [reference = ''], flags: { output }, api, out, signal }) => {
    if (output === undefined) throw new CliError('wrong-usage', 'no file is named', 'Name it with -o FILE');
    await requireFree(output, CODES);
    const client = await api();
    const camera = await findCamera(client, reference);
    const headers = { accept: 'image/jpeg, application/json' };
    const response = await client.stream('GET', `/cameras/${camera.id}/snapshot`, { headers });
    const takenAt = response.headers.get('taken-at');
    const bytes = await writeNewFile(output, bodyOf(response), signal, CODES);
    const told = { file: output, bytes, camera: cameraAddress(camera), takenAt };
    out.done(told, `${output}: ${cameraAddress(camera)} at ${instant(takenAt)}`);
  },
});

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  for await (const chunk of response.body ?? []) yield chunk;
}
