import type { SiteEntity } from '../../site/entity.js';
import { areaId } from '../areas.js';
import { effectiveUsages } from '../../site/stream-choice.js';
import type { DescribedEvent } from './topics.js';
import type { Inventory, InventorySource } from './inventory.js';
import type { OnvifEntry } from './onvif-list.js';

/** How a device is, for all of its entities. */
export interface DeviceCondition {
  state: SiteEntity['state'];
  reason: string;
  /** Its clock minus ours when that matters; undefined when it is right. */
  clockSkewSeconds: number | undefined;
}

/** What is last known of the parts of a device. */
export interface PartStates {
  /** Inputs and outputs, by their remote id. */
  io: ReadonlyMap<string, boolean>;
  /** Whether a camera is recorded, by the token of its video source; undefined where nobody knows. */
  isRecording(source: string): boolean | undefined;
}

type Facts = Record<string, string | number | boolean>;

/** The first camera of a device has the id of the device: it is there before the device has ever answered. */
export const cameraId = (device: string, index: number, token: string): string =>
  index === 0 ? deviceId(device) : `${deviceId(device)}/${token}`;
export const inputId = (device: string, token: string): string => `${deviceId(device)}/input/${token}`;
export const outputId = (device: string, token: string): string => `${deviceId(device)}/output/${token}`;

/** The slash keeps it apart from every id of `cameras.yaml`. */
const deviceId = (device: string): string => `onvif/${device}`;

/** All entities of a device but its areas; a device that was never read is one camera without streams. */
export const deviceEntities = (
  entry: OnvifEntry,
  inventory: Inventory | undefined,
  condition: DeviceCondition,
  { io, isRecording }: PartStates,
): SiteEntity[] => {
  const { id, name } = entry;
  const common = {
    ...(entry.area === undefined ? {} : { parentId: areaId(entry.area) }),
    state: condition.state,
    stateReason: condition.reason,
  };
  if (inventory === undefined) {
    return [{ ...common, remoteId: cameraId(id, 0, ''), kind: 'camera', name, streams: [] }];
  }
  if (inventory.sources.length + inventory.inputs.length + inventory.outputs.length === 0) {
    const nothing = { state: 'offline', stateReason: 'camera-no-media' } as const;
    return [{ ...common, ...nothing, remoteId: cameraId(id, 0, ''), kind: 'camera', name, streams: [] }];
  }
  const { manufacturer, model, firmware, serial, sources } = inventory;
  const { clockSkewSeconds } = condition;
  const facts: Facts = { manufacturer, model, firmware, serial };
  if (clockSkewSeconds !== undefined) facts['clockSkewSeconds'] = clockSkewSeconds;
  const cameras = sources.map((source, index): SiteEntity => {
    const shown = sources.length === 1 ? name : `${name} ${index + 1}`;
    const isMute = condition.state === 'online' && source.profiles.length === 0;
    const state = isMute ? ({ state: 'offline', stateReason: 'camera-no-media' } as const) : {};
    const remoteId = cameraId(id, index, source.token);
    return {
      ...common,
      ...state,
      remoteId,
      name: shown,
      ...cameraPart(source, recordingFacts(facts, isRecording(source.token))),
    };
  });
  const ioEntity = (kind: 'input' | 'output', remoteId: string, token: string): SiteEntity => {
    const properties = { active: io.get(remoteId) ?? null };
    return { ...common, remoteId, kind, name: `${name} ${kind} ${token}`, streams: [], properties };
  };
  return [
    ...cameras,
    ...inventory.inputs.map((token) => ioEntity('input', inputId(id, token), token)),
    ...inventory.outputs.map(({ token }) => ioEntity('output', outputId(id, token), token)),
  ];
};

const recordingFacts = (facts: Facts, recording: boolean | undefined): Facts =>
  recording === undefined ? facts : { ...facts, recording };

const cameraPart = (
  { profiles, ptz }: InventorySource,
  facts: Facts,
): Pick<SiteEntity, 'kind' | 'streams' | 'ptz' | 'audio' | 'properties'> => {
  const bare = profiles.map((profile) => ({ ...profile, usages: [] }));
  const usages = effectiveUsages(bare);
  const presets = (ptz?.presets ?? []).map(({ token, name }) => ({ token, name }));
  return {
    kind: 'camera',
    streams: profiles.map(({ codec, width, height, frameRate }, index) => ({
      usages: usages[index] ?? [],
      codec,
      width,
      height,
      frameRate,
    })),
    ptz: ptz !== undefined,
    audio: profiles.some(({ hasAudio }) => hasAudio),
    properties: { ...facts, profiles: profiles.map(({ name }) => name), ...(ptz === undefined ? {} : { presets }) },
  };
};

/** Which entity an event is about; one that the device does not name belongs to its first camera. */
export const subjectOf = (
  { id }: OnvifEntry,
  { sources, inputs, outputs }: Inventory,
  { subject, token }: DescribedEvent,
): string => {
  if (subject === 'input' && token !== undefined && inputs.includes(token)) return inputId(id, token);
  if (subject === 'output' && token !== undefined && outputs.some((output) => output.token === token)) {
    return outputId(id, token);
  }
  const index = sources.findIndex(
    (source) =>
      source.token === token ||
      source.profiles.some((profile) => profile.sourceConfiguration === token || profile.token === token),
  );
  return cameraId(id, Math.max(index, 0), sources[index]?.token ?? '');
};
