/** How many sessions are up at once, more or less. */
const UP = 100;
const DIALS = 4;
const CUTS = 5;
const GOING = 2;
const MAX_BYTES = 512 * 1024;
const CLASSES = /** @type {const} */ (['live', 'bulk', 'control', 'playback']);
const KEPT_FAULTS = 20;

/**
 * @typedef {object} Tally
 * @property {number} came sessions
 * @property {number} resumed
 * @property {number} lost sessions that ended and were not told to
 * @property {number} equal channels, and so on
 * @property {number} different
 * @property {number} cut
 * @property {number} refused
 * @property {number} bytes
 *
 * @typedef {{ label: string, ending: 'equal' | 'different' | 'cut' | 'refused', detail: string, bytes: number }} Outcome
 *
 * @typedef {object} Parts
 * @property {import('../bench/cloud.mjs').BenchCloud} cloud
 * @property {import('../bench/identities.mjs').Credentials[]} identities of the sites `idle-0`, `idle-1`, …
 * @property {import('../bench/load/process.mjs').LoadProcess} agents
 * @property {import('../bench/load/process.mjs').LoadProcess} client
 */

/** Who comes, carries, is cut and goes: a little of each every turn. */
export class Churn {
  /** @param {Parts} parts */
  constructor({ cloud, identities, agents, client }) {
    this.cloud = cloud;
    this.identities = identities;
    this.agents = agents;
    this.client = client;
    /** @type {Tally} */
    this.tally = { came: 0, resumed: 0, lost: 0, equal: 0, different: 0, cut: 0, refused: 0, bytes: 0 };
    /** @type {string[]} */
    this.faults = [];
    /** @type {Set<number>} */
    this.up = new Set();
    /** @type {Map<string, number>} channels that are under way, by site */
    this.carrying = new Map();
  }

  async turn() {
    await this.come();
    for (let dial = 0; dial < DIALS; dial++) await this.dial(this.anyUp());
    const cuts = Array.from({ length: CUTS }, (_, index) => {
      const site = index % 2 === 0 ? this.anyUp() : this.anyCarrying();
      return this.order(index < CUTS - 1 ? 'cut' : 'cutLane', site);
    });
    const lanes = [this.anyUp(), this.anyCarrying()].map((site) => this.order('lane', site));
    await Promise.all([...cuts, ...lanes]);
    await this.go(GOING);
    await this.collect('collect', {});
  }

  /** Everybody goes, when what is under way has arrived. */
  async end() {
    for (let turns = 0; turns < 200 && this.carrying.size > 0; turns++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await this.collect('collect', {});
    }
    await this.go(this.up.size);
    const { resumed = 0, lost = 0 } = await this.agents.ask('tally');
    this.tally.resumed = resumed;
    this.tally.lost = lost;
  }

  /** A few at a time until enough are up; those that went come again later. */
  async come() {
    const down = [...this.identities.keys()].filter((index) => !this.up.has(index));
    const wanted = Math.min(10, UP - this.up.size);
    const coming = down.toSorted(() => Math.random() - 0.5).slice(0, Math.max(0, wanted));
    await Promise.all(coming.map((index) => this.order('come', index)));
    for (const index of coming) this.up.add(index);
    this.tally.came += coming.length;
  }

  /** @param {number} index */
  async dial(index) {
    const label = labelOf(index);
    const channelClass = CLASSES[Math.floor(Math.random() * CLASSES.length)] ?? 'live';
    const [path] = await this.cloud.dials(label, 'echo', 1, channelClass);
    this.carrying.set(label, (this.carrying.get(label) ?? 0) + 1);
    await this.collect('carry', { label, path, bytes: 1 + Math.floor(Math.random() * MAX_BYTES) });
  }

  /**
   * Those that carry nothing: what is cut then is nobody's loss.
   * @param {number} count
   */
  async go(count) {
    const idle = [...this.up].filter((index) => !this.carrying.has(labelOf(index)));
    const going = idle.toSorted(() => Math.random() - 0.5).slice(0, count);
    for (const index of going) this.up.delete(index);
    await Promise.all(going.map((index) => this.order('go', index, { abrupt: Math.random() < 0.5 })));
  }

  /**
   * @param {string} command
   * @param {Record<string, unknown>} rest
   */
  async collect(command, rest) {
    const { outcomes } = /** @type {{ outcomes: Outcome[] }} */ (
      /** @type {unknown} */ (await this.client.ask(command, rest))
    );
    for (const outcome of outcomes) this.note(outcome);
  }

  /** @param {Outcome} outcome */
  note({ label, ending, detail, bytes }) {
    const left = (this.carrying.get(label) ?? 1) - 1;
    if (left === 0) this.carrying.delete(label);
    else this.carrying.set(label, left);
    this.tally[ending] += 1;
    if (ending === 'equal') this.tally.bytes += bytes;
    if (ending !== 'equal' && this.faults.length < KEPT_FAULTS) this.faults.push(`${label}: ${ending}, ${detail}`);
  }

  /**
   * @param {string} command
   * @param {number} index
   * @param {Record<string, unknown>} [rest]
   */
  order(command, index, rest = {}) {
    const identity = this.identities[index];
    return this.agents.ask(command, { label: labelOf(index), identity, port: this.cloud.ports.tunnel, ...rest });
  }

  /** @returns {number} */
  anyUp() {
    return anyOf([...this.up]);
  }

  /** @returns {number} */
  anyCarrying() {
    const busy = [...this.up].filter((index) => this.carrying.has(labelOf(index)));
    return busy.length > 0 ? anyOf(busy) : this.anyUp();
  }
}

/** @param {number} index */
const labelOf = (index) => `idle-${index}`;

/** @param {number[]} list */
const anyOf = (list) => list[Math.floor(Math.random() * list.length)] ?? 0;
