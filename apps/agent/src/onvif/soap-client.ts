import { createHash, randomBytes } from 'node:crypto';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { asMediaError, Authorization, MediaError, type Credentials } from '@app/media';
import { escapeXml, nodeAt, parseEnvelope, textAt, type XmlNode } from './xml.js';

const MAX_ANSWER_BYTES = 4 << 20;
const CALL_TIMEOUT_MS = 8_000;
const SECURITY = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

export interface CallOptions {
  /** Sends no credentials. */
  isAnonymous?: boolean;
  /** Further header blocks of the envelope, such as those of WS-Addressing. */
  header?: string;
  /** For calls that the device answers when something happens. */
  timeoutMs?: number;
}

interface HttpAnswer {
  status: number;
  challenges: string[];
  text: string;
}

/** SOAP 1.2 calls to one device, with its credentials. */
export class SoapClient {
  readonly #authorization: Authorization | undefined;

  constructor(
    readonly credentials: Credentials | undefined,
    /** The device's clock minus ours. */
    public skewMs = 0,
  ) {
    this.#authorization = credentials && new Authorization(credentials);
  }

  /**
   * @param body the element of the request
   * @returns the element of the answer. Rejects with a MediaError: `camera-unreachable`, `camera-timeout`,
   * `camera-unauthorized`, `camera-replay-refused` for what the device does not know, else `camera-refused`
   */
  async call(url: string, body: string, signal: AbortSignal, options: CallOptions = {}): Promise<XmlNode> {
    const { isAnonymous = false, header = '', timeoutMs = CALL_TIMEOUT_MS } = options;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const envelope = (): Buffer => Buffer.from(this.#envelope(body, isAnonymous, header));
    try {
      let answer = await post(url, envelope(), limited, this.#header(url));
      while (answer.status === 401 && !isAnonymous && this.#authorization?.accept(answer.challenges)) {
        answer = await post(url, envelope(), limited, this.#header(url));
      }
      if (answer.status !== 401) this.#authorization?.confirm();
      return contentOf(answer);
    } catch (error) {
      if (limited.aborted) throw new MediaError('camera-timeout', 'The device did not answer in time');
      throw asMediaError(error, 'camera-unreachable');
    }
  }

  #header(url: string): string | undefined {
    const { pathname, search } = new URL(url);
    return this.#authorization?.header('POST', pathname + search);
  }

  #envelope(body: string, isAnonymous: boolean, more: string): string {
    const token = isAnonymous || !this.credentials ? '' : this.#usernameToken(this.credentials);
    const header = token + more === '' ? '' : `<s:Header>${token}${more}</s:Header>`;
    return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${body}</s:Body></s:Envelope>`;
  }

  /** Password digest of the UsernameToken profile 1.0: base64(SHA-1(nonce + created + password)). */
  #usernameToken({ user, password }: Credentials): string {
    const nonce = randomBytes(16);
    const created = new Date(Date.now() + this.skewMs).toISOString();
    const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
    return [
      `<w:Security xmlns:w="${SECURITY}-wssecurity-secext-1.0.xsd" s:mustUnderstand="1"><w:UsernameToken>`,
      `<w:Username>${escapeXml(user)}</w:Username>`,
      `<w:Password Type="${SECURITY}-username-token-profile-1.0#PasswordDigest">${digest}</w:Password>`,
      `<w:Nonce EncodingType="${SECURITY}-soap-message-security-1.0#Base64Binary">${nonce.toString('base64')}</w:Nonce>`,
      `<u:Created xmlns:u="${SECURITY}-wssecurity-utility-1.0.xsd">${created}</u:Created>`,
      '</w:UsernameToken></w:Security>',
    ].join('');
  }
}

const contentOf = ({ status, text }: HttpAnswer): XmlNode => {
  if (status === 401) throw new MediaError('camera-unauthorized', 'The device refuses the account');
  const body = parseEnvelope(text);
  const fault = body['Fault'];
  if (fault === undefined && status < 300) return body;
  const [code, reason] = [
    JSON.stringify((fault as XmlNode | undefined)?.['Code'] ?? ''),
    textAt(fault, 'Reason', 'Text'),
  ];
  const detail = ['The device answered', status, subcodeOf(fault), reason].filter(Boolean).join(' ').slice(0, 200);
  if (/NotAuthorized|FailedAuthentication/i.test(code)) throw new MediaError('camera-unauthorized', detail);
  if (/ActionNotSupported|OptionalActionNotImplemented/i.test(code))
    throw new MediaError('camera-replay-refused', detail);
  throw new MediaError('camera-refused', detail);
};

/** The most precise one that a fault has, without its prefix. */
const subcodeOf = (fault: unknown): string | undefined => {
  const outer = nodeAt(fault, 'Code', 'Subcode');
  const inner = textAt(outer, 'Subcode', 'Value') ?? textAt(outer, 'Value');
  return inner?.trim().replace(/^.*:/, '');
};

const post = (url: string, body: Buffer, signal: AbortSignal, authorization: string | undefined): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/soap+xml; charset=utf-8',
      'Content-Length': body.length,
      Connection: 'close',
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    };
    const open = url.startsWith('https:') ? requestHttps : requestHttp;
    const request = open(url, { method: 'POST', headers, signal, agent: false }, (response) => {
      read(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, challenges: challengesOf(response), text }),
        reject,
      );
    });
    request.once('error', reject);
    request.end(body);
  });

const challengesOf = ({ headers }: IncomingMessage): string[] => {
  const value = headers['www-authenticate'];
  return value === undefined ? [] : [value];
};

const read = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new MediaError('camera-refused', 'The answer of the device is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};
