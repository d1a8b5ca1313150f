/** @typedef {import('../../apps/agent/src/site/index.js').SiteEntity} SiteEntity */

/** Kinds of twenty entities, areas left out: mostly cameras, as on a real site. */
const MIX = /** @type {const} */ ([
  ...['camera', 'camera', 'input', 'camera', 'door', 'camera', 'output', 'camera', 'input', 'camera'],
  ...['door', 'camera', 'alarm', 'camera', 'input', 'zone', 'camera', 'output', 'door', 'input'],
]);
/** One area for so many entities; five areas stand in one building. */
const ENTITIES_PER_AREA = 15;
const AREAS_PER_BUILDING = 5;
/** Every so many cameras one can be turned. */
const PTZ_EVERY = 4;
/** @type {Pick<SiteEntity, 'state' | 'stateReason' | 'streams'>} */
const WELL = { state: 'online', stateReason: '', streams: [] };

/**
 * The entities of a site, areas before what is in them; the same for the same count.
 * @param {number} count areas included
 * @returns {SiteEntity[]}
 */
export function entityTree(count) {
  const areas = areasOf(Math.min(count, Math.ceil(count / ENTITIES_PER_AREA)));
  const numbers = new Map();
  const things = Array.from({ length: count - areas.length }, (_, index) => {
    const kind = MIX[index % MIX.length];
    const number = (numbers.get(kind) ?? 0) + 1;
    numbers.set(kind, number);
    return thing(kind, number, areas[index % areas.length]?.remoteId);
  });
  return [...areas, ...things];
}

/**
 * The first of each five is a building at the root, the others are its floors.
 * @param {number} count
 * @returns {SiteEntity[]}
 */
function areasOf(count) {
  return Array.from({ length: count }, (_, index) => {
    const building = Math.floor(index / AREAS_PER_BUILDING) + 1;
    const floor = index % AREAS_PER_BUILDING;
    const remoteId = `building-${building}`;
    if (floor === 0) return { remoteId, kind: 'area', name: `Building ${building}`, ...WELL };
    const name = `Floor ${floor}`;
    return { remoteId: `${remoteId}-floor-${floor}`, kind: 'area', name, parentId: remoteId, ...WELL };
  });
}

/**
 * @param {typeof MIX[number]} kind
 * @param {number} number
 * @param {string | undefined} parentId
 * @returns {SiteEntity}
 */
function thing(kind, number, parentId) {
  const remoteId = `${kind}-${String(number).padStart(3, '0')}`;
  const name = `${kind[0]?.toUpperCase()}${kind.slice(1)} ${number}`;
  const base = { remoteId, kind, name, parentId, ...WELL };
  if (kind !== 'camera') return { ...base, properties: { active: false } };
  return { ...base, streams: streams(), ptz: number % PTZ_EVERY === 1, audio: number % 2 === 0 };
}

/**
 * What a common camera offers.
 * @returns {SiteEntity['streams']}
 */
function streams() {
  return [
    { usages: ['live', 'recording', 'high-res'], codec: 'H264', width: 1920, height: 1080, frameRate: 25 },
    { usages: ['low-res', 'remote'], codec: 'H264', width: 640, height: 360, frameRate: 10 },
  ];
}
