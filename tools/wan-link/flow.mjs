/**
 * @typedef {'open'|'data'|'fin'|'reset'} ItemKind `open` is what a SYN or its answer is on a real path
 *
 * @typedef {object} Item
 * @property {ItemKind} kind
 * @property {Buffer} bytes empty unless `data`
 * @property {number} arrivedAt ms of the direction's clock
 *
 * @typedef {object} Way
 * @property {(flow: Flow) => void} offered the flow has something to send
 *
 * @typedef {object} FlowEnds
 * @property {(kind: ItemKind, bytes: Buffer, taken: () => void) => void} deliver `taken` when the receiver has the bytes
 * @property {() => void} pause stop reading the sender
 * @property {() => void} resume
 */

const NOTHING = Buffer.alloc(0);

/** What one connection sends in one direction. Never dropped, only frozen: TCP loses nothing either. */
export class Flow {
  /**
   * @param {Way} way
   * @param {FlowEnds} ends
   */
  constructor(way, ends) {
    this.way = way;
    this.ends = ends;
    /** @type {Item[]} read, and not yet in the queue of the link */
    this.held = [];
    this.heldBytes = 0;
    /** Read and not yet taken by the receiver. */
    this.outstanding = 0;
    this.isWaiting = false;
    this.isPaused = false;
    /** Frozen: nothing of this connection passes any more, and no end learns of it. */
    this.isFrozen = false;
    this.hasEnded = false;
  }

  /**
   * @param {Buffer} bytes
   * @param {number} now
   */
  send(bytes, now) {
    if (this.hasEnded || this.isFrozen) return;
    this.held.push({ kind: 'data', bytes, arrivedAt: now });
    this.heldBytes += bytes.length;
    this.outstanding += bytes.length;
    this.way.offered(this);
  }

  /**
   * @param {Exclude<ItemKind, 'data'>} kind
   * @param {number} now
   */
  mark(kind, now) {
    if (this.isFrozen || (this.hasEnded && kind === 'fin')) return;
    this.hasEnded = this.hasEnded || kind !== 'open';
    this.held.push({ kind, bytes: NOTHING, arrivedAt: now });
    this.way.offered(this);
  }

  /**
   * The next part for the queue; the flow has something held.
   * @param {number} most bytes
   * @returns {Item}
   */
  take(most) {
    const [first] = this.held;
    if (first.bytes.length <= most) this.held.shift();
    const bytes = first.bytes.subarray(0, most);
    first.bytes = first.bytes.subarray(bytes.length);
    this.heldBytes -= bytes.length;
    return { kind: first.kind, bytes, arrivedAt: first.arrivedAt };
  }

  /**
   * Reads the sender only while there is room.
   * @param {number} aheadBytes
   * @param {number} windowBytes
   */
  regulate(aheadBytes, windowBytes) {
    const isFull = this.heldBytes >= aheadBytes || this.outstanding >= windowBytes || this.isFrozen;
    if (isFull === this.isPaused) return;
    this.isPaused = isFull;
    if (isFull) this.ends.pause();
    else this.ends.resume();
  }
}
