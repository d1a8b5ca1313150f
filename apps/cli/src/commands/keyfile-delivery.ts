import type { IssuedKeyfile } from '../api/shapes.js';
import { CliError } from '../errors.js';
import { intoNewFile } from '../files/reserved-file.js';
import { instant } from '../output/time.js';
import type { Call } from '../program/command.js';

/** Asks for a keyfile and writes it; what is shown has everything but the content. */
export const deliverKeyfile = async (
  call: Pick<Call, 'out'>,
  path: string,
  issue: () => Promise<IssuedKeyfile>,
): Promise<void> => {
  const { keyfile, fingerprint } = await intoNewFile(path, async (file) => {
    const issued = await issue();
    if (issued.content === null) throw lost(issued.keyfile.keyfileId);
    await file.append(issued.content);
    return issued;
  });
  call.out.one({ keyfile, fingerprint, file: path }, path, [
    ['Keyfile', path],
    ['Id', keyfile.keyfileId],
    ['Fingerprint', fingerprint],
    ['Use it by', instant(keyfile.expiresAt)],
  ]);
  call.out.note(`Next, on site: adit-agent enrol ${path.split('/').at(-1)} (it shows the fingerprint: compare)`);
};

/** The first answer did not arrive, and the server keeps no secret for a second one. */
const lost = (keyfileId: string): CliError =>
  new CliError(
    'answer-lost',
    `keyfile ${keyfileId} was issued, but its content got lost on the way and is not told twice`,
    `Have another in its place: adit keyfile regenerate ${keyfileId}`,
  );
