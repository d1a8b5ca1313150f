/**
 * @typedef {{ op: 'CONNECT', options: Record<string, unknown> }} Connect
 * @typedef {{ op: 'SUB', subject: string, queue?: string, sid: string }} Subscribe
 * @typedef {{ op: 'UNSUB', sid: string, max?: number }} Unsubscribe
 * @typedef {{ op: 'PUB', subject: string, reply?: string, headerBytes?: number, body: Buffer }} Publication
 *   `body` begins with `headerBytes` bytes of headers
 * @typedef {Connect | Subscribe | Unsubscribe | Publication | { op: 'PING' } | { op: 'PONG' }} Operation
 */

/** As nats-server's `max_control_line`. */
const MAX_LINE_BYTES = 4096;
const CRLF = Buffer.from('\r\n');

/** Bytes of a client in any chunking in, whole operations out. */
export class NatsFrames {
  /** @param {number} maxPayloadBytes */
  constructor(maxPayloadBytes) {
    this.maxPayloadBytes = maxPayloadBytes;
    /** @type {Buffer} */
    this.buffer = Buffer.alloc(0);
    /** @type {{ publication: Omit<Publication, 'body'>, bytes: number } | undefined} */
    this.pending = undefined;
  }

  /**
   * @param {Buffer} chunk
   * @returns {Generator<Operation, void>}
   * @throws {Error} with the text that the protocol gives for `-ERR`
   */
  *push(chunk) {
    this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
    for (;;) {
      const operation = this.pending ? this.takePayload() : this.takeLine();
      if (operation === 'incomplete') return;
      if (operation) yield operation;
    }
  }

  /** @returns {Operation | 'incomplete'} */
  takePayload() {
    const { publication, bytes } = /** @type {NonNullable<typeof this.pending>} */ (this.pending);
    if (this.buffer.length < bytes + CRLF.length) return 'incomplete';
    const body = this.buffer.subarray(0, bytes);
    if (!this.buffer.subarray(bytes, bytes + 2).equals(CRLF)) throw new Error('Unknown Protocol Operation');
    this.buffer = this.buffer.subarray(bytes + CRLF.length);
    this.pending = undefined;
    return { ...publication, body };
  }

  /** @returns {Operation | 'incomplete' | undefined} undefined after the line of a publication, whose payload follows */
  takeLine() {
    const end = this.buffer.indexOf(CRLF);
    if (end > MAX_LINE_BYTES || (end < 0 && this.buffer.length > MAX_LINE_BYTES)) {
      throw new Error('Maximum Control Line Exceeded');
    }
    if (end < 0) return 'incomplete';
    const line = this.buffer.toString('utf8', 0, end);
    this.buffer = this.buffer.subarray(end + CRLF.length);
    const [verb, ...words] = line.split(/[ \t]+/).filter((word) => word !== '');
    switch (verb?.toUpperCase()) {
      case 'CONNECT':
        return { op: 'CONNECT', options: parseOptions(line.slice('CONNECT'.length)) };
      case 'PING':
        return { op: 'PING' };
      case 'PONG':
        return { op: 'PONG' };
      case 'SUB':
        return subscribe(words);
      case 'UNSUB':
        return { op: 'UNSUB', sid: words[0] ?? '', max: words[1] === undefined ? undefined : count(words[1]) };
      case 'PUB':
        return this.expectPayload(words, false);
      case 'HPUB':
        return this.expectPayload(words, true);
      default:
        throw new Error('Unknown Protocol Operation');
    }
  }

  /**
   * @param {string[]} words
   * @param {boolean} hasHeaders
   * @returns {undefined}
   */
  expectPayload(words, hasHeaders) {
    const sizes = words.splice(hasHeaders ? -2 : -1).map(count);
    const [subject, reply] = words;
    const bytes = sizes.at(-1);
    const headerBytes = hasHeaders ? sizes[0] : undefined;
    if (bytes === undefined || !isSubject(subject) || words.length > 2) throw new Error('Invalid Publish Subject');
    if (bytes > this.maxPayloadBytes) throw new Error('Maximum Payload Violation');
    if (headerBytes !== undefined && headerBytes > bytes) throw new Error('Unknown Protocol Operation');
    this.pending = { publication: { op: 'PUB', subject, reply, headerBytes }, bytes };
  }
}

/**
 * @param {string[]} words
 * @returns {Subscribe}
 */
function subscribe(words) {
  const sid = words.at(-1);
  const [subject] = words;
  if (words.length < 2 || words.length > 3 || !isSubject(subject) || sid === undefined) {
    throw new Error('Invalid Subject');
  }
  return { op: 'SUB', subject, queue: words.length === 3 ? words[1] : undefined, sid };
}

/**
 * @param {string | undefined} subject
 * @returns {subject is string}
 */
function isSubject(subject) {
  return subject !== undefined && subject.split('.').every((token) => token !== '');
}

/** @param {string} word */
function count(word) {
  if (!/^\d{1,9}$/.test(word)) throw new Error('Unknown Protocol Operation');
  return Number(word);
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
function parseOptions(text) {
  /** @type {unknown} */
  const options = JSON.parse(text);
  if (typeof options !== 'object' || options === null) throw new Error('Unknown Protocol Operation');
  return /** @type {Record<string, unknown>} */ (options);
}
