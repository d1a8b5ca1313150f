import type { MediaError } from '@app/media';
import type { PkiErrorCode } from '@app/pki';
import type { ConnectorError } from '../connectors/index.js';

type Code = PkiErrorCode | MediaError['code'] | ConnectorError['code'];

const ORIGINAL = 'Get the original file again from whoever issued it';
const RIGHT_FILE = 'Choose the file that was issued for this site; its name usually ends in .keyfile';

/** What the reader of a failure does next, where the code alone decides it. docs/errors.md says the same at more length. */
const ADVICE: Partial<Record<Code, string>> = {
  'keyfile-too-large': RIGHT_FILE,
  'keyfile-truncated': ORIGINAL,
  'keyfile-not-json': RIGHT_FILE,
  'keyfile-wrong-format': RIGHT_FILE,
  'keyfile-wrong-version': 'Update the agent, or have the cloud updated when the agent is the newer one',
  'keyfile-duplicate-member': ORIGINAL,
  'keyfile-unknown-member': 'Update the agent when the cloud is newer; else get the original file again',
  'keyfile-malformed': ORIGINAL,
  'keyfile-foreign-ca': ORIGINAL,
  'keyfile-claim-key-mismatch': ORIGINAL,
  'keyfile-bad-signature': ORIGINAL,
  'keyfile-sealed': 'The keyfile was sealed twice; get the original file again from whoever issued it',
  'keyfile-seal-unsupported': 'Update the agent when the cloud is newer; else get the original file again',
  'keyfile-not-opened':
    'Type the passphrase again, with care for case and spaces; when it is right, get the original file again',
  'passphrase-unusable': 'This is not the passphrase of the keyfile: ask whoever sealed it',
  'keyfile-expired': "Check this machine's clock; when it is right, ask the operator of the cloud for a new keyfile",

  'camera-unreachable':
    'Check host and port of the URL, the power of the camera, and that this machine is on its network',
  'camera-timeout': 'Check host and port of the URL, and that no firewall stands between this machine and the camera',
  'camera-unauthorized':
    'Check user and password: `adit-agent camera password ID`, or `onvif password ID`, sets them; before the camera is added, --user names the user',
  'camera-transport-refused': 'Let the agent find the transport: `transport: auto` in the list',
  'camera-not-found': 'Check the path of the URL; the manual of the camera or its web page names it',
  'camera-no-media': 'Set this stream of the camera to H.264',
  'camera-closed':
    'Check that the port is the one of RTSP (554 as a rule), and that the camera does not serve as many viewers as it can',
  'camera-refused':
    'Check that address and port are those of the camera and not of another service, and what the user may do there',
  'camera-silent': 'Restart the camera; where it sends nothing by TCP, --transport auto tries UDP',
  'rtsp-malformed': 'Check that the port is the one of RTSP (554 as a rule): something else answers there',
  'camera-list-unreadable': 'See that the user of the agent may read the file',
  'camera-list-not-yaml':
    'Correct the list in the state directory at that place; until then the agent goes on with the one before',
  'camera-list-invalid':
    'Correct the list in the state directory at that place; until then the agent goes on with the one before',
  'camera-key-lost':
    'Restore camera-key.json from a backup of the state directory; without one remove it, and set each password again with `adit-agent camera password ID --user NAME`',
  'camera-account-damaged':
    'Restore the file from a backup of the state directory, or remove it and set the password again with `adit-agent camera password ID --user NAME`',
  'camera-accounts-differ': 'List the camera twice, once for each account',
  'camera-exists': 'Name another --id, or change the one on the list with --replace',
  'camera-unknown': '`adit-agent camera list` and `adit-agent onvif list` show what is listed',
};

export const adviceOf = (code: string): string | undefined => new Map(Object.entries(ADVICE)).get(code);
