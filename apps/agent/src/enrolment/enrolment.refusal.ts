import { EnrolmentRefusedError } from '../errors.js';

interface Meaning {
  message: string;
  advice: string;
  retryable: boolean;
}

const REPLACEMENT = 'Ask the operator of the cloud for a replacement keyfile for this site';

/** What the server's codes mean for whoever stands in front of the machine. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  'enrolment-used': {
    message:
      'This keyfile was already used with another key: by another machine, or by this one before its state was lost',
    advice: `${REPLACEMENT}; if nobody of yours used it, say so at once`,
    retryable: false,
  },
  'enrolment-closed': {
    message: 'This keyfile was used up: the site it made is already connected, or its state directory was lost',
    advice: REPLACEMENT,
    retryable: false,
  },
  'enrolment-expired': {
    message: "The keyfile has expired by the server's clock",
    advice: 'Ask the operator of the cloud for a new keyfile',
    retryable: false,
  },
  'enrolment-revoked': {
    message: 'The keyfile was revoked',
    advice: 'Ask the operator of the cloud for a new keyfile',
    retryable: false,
  },
  'enrolment-token-mismatch': {
    message: 'The server does not know this keyfile, or its parts come from different keyfiles',
    advice: 'Copy the whole keyfile again, or ask for a new one',
    retryable: false,
  },
  'enrolment-bad-proof': {
    message: 'The server could not verify that this machine holds the keys',
    advice: 'Something may open TLS on the way: run `adit-agent check`',
    retryable: false,
  },
  'enrolment-bad-csr': {
    message: 'The server refused the certificate request',
    advice: 'Update the agent to the version that belongs to the cloud',
    retryable: false,
  },
  'enrolment-malformed': {
    message: 'The server did not understand the request',
    advice: 'Update the agent to the version that belongs to the cloud',
    retryable: false,
  },
  'keyfile-not-found': {
    message: 'The server does not know this keyfile',
    advice: 'Ask the operator of the cloud for a new keyfile',
    retryable: false,
  },
  'not-implemented': {
    message: 'The server cannot do this in its version',
    advice: 'Update the cloud, or use an agent of its version',
    retryable: false,
  },
};

/** Every code that is not a judgement of the keyfile is a state of the server, and passes. */
export const refusalOf = (code: string, detail: string, retryAfterMs?: number): EnrolmentRefusedError => {
  const meaning = MEANINGS[code] ?? {
    message: `The server cannot enrol at the moment: ${detail}`,
    advice: 'The keyfile stays valid for this machine; try again later',
    retryable: true,
  };
  return new EnrolmentRefusedError(code, meaning.message, meaning.advice, meaning.retryable, retryAfterMs);
};
