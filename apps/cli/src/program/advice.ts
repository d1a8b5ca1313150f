/** What the reader of a refusal does next, where the server's code alone decides it. docs/errors.md says more. */
const ADVICE: Record<string, string> = {
  'invalid-request': 'Correct what is named; --help of the command shows an example',
  unauthenticated: 'Sign in again: adit login',
  forbidden: 'Ask an administrator for a role or a token that has it; adit whoami shows what you may do',
  'insecure-transport': 'Use the https address of the server: adit login --url https://HOST',
  'not-found': 'Check the id: the list command shows what is there. An older server may not have this at all',
  conflict: 'Look at it again, then decide again',
  'precondition-failed': 'Somebody changed it meanwhile: look at it again, then repeat the command',
  'site-label-taken': 'Choose another --label, or leave it out to have one proposed',
  'site-enrolled': 'To replace its server: adit site replace SITE',
  'keyfile-open-exists': 'Use it or revoke it (adit keyfile list SITE), or issue another with --replace',
  'keyfile-already-redeemed': 'To replace the server: adit site replace SITE',
  'keyfile-state': 'adit keyfile show KEYFILE tells what happened to it',
  'username-taken': 'Choose another name',
  'last-administrator': 'Give somebody else the role first',
  'rate-limited': 'Wait, then try again',
  'not-implemented': 'The server is of a version that does not have it',
  unavailable: 'Try again; if it lasts, tell whoever runs the server the request id',
  timeout: 'Try again; if it lasts, tell whoever runs the server the request id',
  internal: 'Report it with the request id: the log of the server has the cause under it',
  'site-offline': 'adit tunnel list shows since when; on the site: adit-agent status',
  'role-not-connected': 'adit role list says how the federation role is; adit site diagnose SITE why',
  'recording-not-found':
    'On site, name where its recordings are in cameras.yaml, or list the device by adit-agent onvif add',
  'snapshot-unsupported':
    'On site, name its snapshot address in cameras.yaml, or list the device by adit-agent onvif add',
  'command-unsupported':
    'Cameras of a plain RTSP address take no commands; on site, adit-agent onvif add lists a device that does',
  'command-refused': 'Where it says not-permitted: on site, adit-agent user allow NAME --allow … gives the right',
  'command-timeout':
    'It may have been done or not: look before you repeat it; adit site diagnose SITE shows the slow hop',
  'ptz-held': 'Wait 5 s, or ask who holds it: adit camera ptz CAMERA shows him',
};

export const adviceOf = (code: string): string | undefined => ADVICE[code];
