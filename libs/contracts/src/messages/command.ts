import { z } from 'zod';
import { defineRequest } from '../message.js';
import { instant, userLevel, uuid } from '../primitives.js';

const velocity = z.number().min(-1).max(1);

/** What a site may be asked (`Execute` of the directory protocol). Velocities in −1 … 1 (ONVIF generic space). */
export const entityCommand = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ptz-move'), pan: velocity, tilt: velocity, zoom: velocity }),
  z.object({ kind: z.literal('ptz-stop') }),
  z.object({ kind: z.literal('ptz-preset'), preset: z.string().min(1).max(200) }),
  z.object({ kind: z.literal('ptz-home') }),
  z.object({ kind: z.literal('ptz-lock'), locked: z.boolean() }),
  z.object({ kind: z.literal('set-output'), active: z.boolean() }),
  z.object({ kind: z.literal('set-recording'), recording: z.boolean() }),
]);
export type EntityCommand = z.infer<typeof entityCommand>;

const milliseconds = z.int().min(0);

/** How long each way took: to the site and back without its device, and the device; null when it was not asked. */
export const commandTimes = z.object({ siteMs: milliseconds, deviceMs: milliseconds.nullable() });

/**
 * Has a site carry out a command. What is refused, unsupported or late is an error. `expiresAt`: nobody begins it
 * afterwards; whoever asks waits a little longer, to be told which hop was slow.
 */
export const entityExecute = defineRequest(
  'federation.entity.execute',
  z.object({
    tenantId: uuid,
    actor: z.string(),
    correlationId: z.string(),
    entityId: uuid,
    /** What the entity must be. */
    entityKind: z.enum(['camera', 'output']),
    level: userLevel,
    command: entityCommand,
    expiresAt: instant,
  }),
  commandTimes,
  10_000,
);

export const ptzHold = z.object({ user: z.string(), level: z.int(), until: instant });
/** `hold`: who steers the camera now. `lock`: who has locked it. */
export const ptzStatus = z.object({
  presets: z.array(z.object({ preset: z.string(), name: z.string() })),
  hold: ptzHold.nullable(),
  lock: ptzHold.nullable(),
});
export type PtzStatus = z.infer<typeof ptzStatus>;

export const cameraPtz = defineRequest(
  'federation.camera.ptz',
  z.object({ tenantId: uuid, cameraId: uuid }),
  ptzStatus,
  8_000,
);
