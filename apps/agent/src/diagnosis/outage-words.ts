/** What a code of a tunnel's end or of a failed attempt means, and what the reader does next. */
export interface Words {
  reason: string;
  advice: string;
}

const FIREWALL = 'Ask the firewall team for this one outbound TCP connection (docs/site-firewall.md)';
const PROXY = 'Check the proxy with its administrator; HTTPS_PROXY or --proxy names it';
const INSPECTION = 'Exempt the host of the cloud from TLS inspection; `adit-agent check` names who signed instead';
const OPERATOR = 'Ask the operator of the cloud';
const CLOCK = "Set this machine's clock right, best by NTP";
const LINE = 'Look at the line: router, provider, cabling; once is nothing to worry about';
const NOTHING = 'Nothing: the agent connects again by itself';

const words = (reason: string, advice: string): Words => ({ reason, advice });

/** By code; docs/site-diagnosis.md says the same at more length. */
export const OUTAGE_WORDS: Readonly<Record<string, Words>> = {
  'first-start': words('this site had never been connected before', NOTHING),
  'process-stopped': words('the agent was stopped: by its supervisor, an update or a restart of the machine', NOTHING),
  'process-died': words(
    'the agent ended without a word: killed, crashed, or the machine lost power',
    'Look at the log of the supervisor and of the machine: memory, power, a crash',
  ),
  'other-faults': words('further kinds of faults', 'See the log of the agent'),

  'name-unknown': words(
    "DNS did not know the cloud's name or did not answer",
    "Check the machine's DNS, or name a proxy with HTTPS_PROXY",
  ),
  'connection-refused': words('nothing listened there, or a firewall rejected the connection', FIREWALL),
  'connection-timeout': words('no answer, as when a firewall drops the connection', FIREWALL),
  'network-unreachable': words('no route led there', 'Check the network of this machine: cable, address, gateway'),
  'connection-failed': words('the connection broke off while it was opened', LINE),
  'proxy-unreachable': words('the proxy did not answer', PROXY),
  'proxy-auth-required': words('the proxy wants a user and a password, or other ones', PROXY),
  'proxy-refused': words('the proxy does not let this connection through', PROXY),
  'tls-untrusted': words('somebody else than the cloud answered: its certificate is not from our issuer', INSPECTION),
  'tls-wrong-name': words(
    'the server there has a certificate for another name',
    'Another server answers at that address: check DNS and port forwarding, then ask the operator of the cloud',
  ),
  'tls-not-yet-valid': words("by this machine's clock the server's certificate is not valid yet", CLOCK),
  'tls-expired': words("by this machine's clock the server's certificate is over", CLOCK),
  'tls-failed': words('the connection broke off during TLS', INSPECTION),
  'certificate-refused': words("the cloud does not accept this site's certificate", OPERATOR),
  'certificate-over': words("this site's certificate is over", 'Ask the operator of the cloud to approve its return'),

  'certificate-revoked': words('an operator revoked this identity', 'Ask for a replacement keyfile'),
  'agent-revoked': words('an operator revoked this agent', 'Ask for a replacement keyfile'),
  'agent-locked': words('the cloud has locked this agent', OPERATOR),
  'certificate-expired': words(
    "this site's certificate is over",
    'Ask the operator of the cloud to approve its return',
  ),
  'certificate-superseded': words(
    'a newer certificate of this site is in use',
    'Stop the older copy of this state directory',
  ),
  'certificate-unknown': words('the cloud does not know this identity', OPERATOR),
  'certificate-wrong-role': words('the certificate is not that of an agent', OPERATOR),
  'recovery-pending': words(
    'the cloud was restored from a backup',
    'The operator of the cloud has to approve this site',
  ),
  superseded: words(
    'another agent with the same identity connected',
    'Stop the copy, or ask for a replacement keyfile',
  ),
  'version-mismatch': words('agent and cloud speak different versions', 'Update the agent'),
  unavailable: words('the cloud could not serve at that moment', NOTHING),
  'admission-failed': words('the broker did not let the agent in', 'When it lasts, ask the operator of the cloud'),
  draining: words('the broker was being stopped or updated', NOTHING),
  'broker-draining': words('the broker was being stopped or updated', NOTHING),
  'drain-deadline': words('the broker was being stopped or updated, and took too long', NOTHING),
  'session-lost': words('the cloud did not know the session any more, as after its restart', NOTHING),
  'resume-refused': words('the cloud did not know the session any more, as after its restart', NOTHING),

  'peer-silent': words('nothing was heard from the cloud', LINE),
  'transport-closed': words('the connection was ended by the other side or by something in between', LINE),
  'transport-error': words('the connection was broken off', LINE),
};

const UNKNOWN = words('see docs/errors.md', 'When it lasts, ask the operator of the cloud with this code');

export const wordsFor = (code: string): Words => OUTAGE_WORDS[code] ?? UNKNOWN;
