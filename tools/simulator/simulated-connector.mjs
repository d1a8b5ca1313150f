import { entityTree } from './entity-tree.mjs';

/**
 * @typedef {import('../../apps/agent/src/site/index.js').SiteEntity} SiteEntity
 * @typedef {import('../../apps/agent/src/site/index.js').EntitySink} EntitySink
 * @typedef {import('../../apps/agent/src/site/index.js').EventSink} EventSink
 */

/** What happens to an entity of a kind, in turns. */
const EVENTS = {
  camera: ['camera.motion', 'camera.tampering'],
  door: ['door.opened', 'door.closed'],
  input: ['input.active', 'input.inactive'],
  output: ['output.active', 'output.inactive'],
  zone: ['zone.armed', 'zone.disarmed'],
  alarm: ['alarm.raised', 'alarm.cleared'],
};

/** Which commands an entity of a kind obeys. */
const OBEYS = {
  camera: ['set-recording'],
  output: ['set-output'],
  alarm: ['acknowledge-alarm'],
};

/**
 * A system of made-up entities in the place of a real one: the `SiteConnector` of the agent (apps/agent/src/site). It has
 * no video; commands are obeyed at once and change the entity.
 */
export class SimulatedConnector {
  name = 'simulated';

  /** @param {number} count of entities */
  constructor(count) {
    this.entities = new Map(entityTree(count).map((entity) => [entity.remoteId, entity]));
    /** What events are about: areas do nothing. */
    this.sources = [...this.entities.values()].filter(({ kind }) => kind !== 'area');
    this.turn = 0;
    /** @type {Pick<EntitySink, 'upsert'> | undefined} */
    this.sink = undefined;
    /** @type {EventSink | undefined} */
    this.events = undefined;
  }

  /**
   * @param {Pick<EntitySink, 'upsert'>} sink
   * @param {EventSink} events
   */
  async start(sink, events) {
    this.sink = sink;
    this.events = events;
    for (const entity of this.entities.values()) sink.upsert(entity);
  }

  async close() {
    this.sink = undefined;
    this.events = undefined;
  }

  /** The next event, of the next entity. */
  emitEvent() {
    const source = this.sources[this.turn % this.sources.length];
    if (source === undefined) return;
    const names = EVENTS[/** @type {keyof typeof EVENTS} */ (source.kind)];
    const round = Math.floor(this.turn++ / this.sources.length);
    const type = names[round % names.length];
    this.events?.event({ type, sourceId: source.remoteId, at: new Date(), details: { round } });
  }

  /**
   * Turns the state of an entity over, of the next one when none is named.
   * @param {string} [remoteId]
   * @returns {{ remoteId: string, state: string } | undefined} undefined when there is no such entity
   */
  changeState(remoteId = this.sources[this.turn++ % this.sources.length]?.remoteId ?? '') {
    const entity = this.entities.get(remoteId);
    if (entity === undefined) return undefined;
    const isOnline = entity.state === 'online';
    const turned = isOnline
      ? { state: /** @type {const} */ ('offline'), stateReason: 'device-unreachable: simulated' }
      : { state: /** @type {const} */ ('online'), stateReason: '' };
    this.put({ ...entity, ...turned });
    return { remoteId, state: turned.state };
  }

  /** No video, so no sources of it. */
  stream() {
    return undefined;
  }

  holds() {
    return false;
  }

  /**
   * @param {string} remoteId
   * @param {{ kind: string, active?: boolean, recording?: boolean }} command
   * @returns {Promise<{ outcome: 'done' } | { outcome: 'unsupported', reason: string }> | undefined}
   */
  execute(remoteId, command) {
    const entity = this.entities.get(remoteId);
    if (entity === undefined) return undefined;
    const obeys = OBEYS[/** @type {keyof typeof OBEYS} */ (entity.kind)] ?? [];
    const isPtz = command.kind.startsWith('ptz-') && entity.ptz === true;
    if (!isPtz && !obeys.includes(command.kind)) {
      return Promise.resolve({ outcome: 'unsupported', reason: `unsupported: a ${entity.kind} does not do this` });
    }
    const { active, recording } = command;
    const changed = { ...(active === undefined ? {} : { active }), ...(recording === undefined ? {} : { recording }) };
    if (Object.keys(changed).length > 0) this.put({ ...entity, properties: { ...entity.properties, ...changed } });
    return Promise.resolve({ outcome: 'done' });
  }

  /** @param {SiteEntity} entity */
  put(entity) {
    this.entities.set(entity.remoteId, entity);
    this.sink?.upsert(entity);
  }
}
