import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '@app/pki';
import { z } from 'zod';
import type { Inventory } from './inventory.js';

export const ONVIF_KNOWN_FILE = 'onvif-known.json';
const FILE_MAX_BYTES = 16 << 20;

const text = z.string().max(2_000);
const size = z.number().nullable();
const profile = z.strictObject({
  token: text,
  name: text,
  // Files of agents that knew Media 1 alone have none.
  service: z.enum(['media2', 'media']).default('media'),
  source: text,
  sourceConfiguration: text,
  codec: text,
  width: size,
  height: size,
  frameRate: size,
  hasAudio: z.boolean(),
  hasPtz: z.boolean(),
  url: text,
});
const preset = z.strictObject({ token: text, name: text });
const source = z.strictObject({
  token: text,
  profiles: z.array(profile),
  ptz: z.strictObject({ profile: text, presets: z.array(preset) }).optional(),
});
const inventory = z.strictObject({
  manufacturer: text,
  model: text,
  firmware: text,
  serial: text,
  sources: z.array(source),
  inputs: z.array(text),
  outputs: z.array(z.strictObject({ token: text, isBistable: z.boolean() })),
  hasEvents: z.boolean(),
  hasRecordings: z.boolean(),
});
const known = z.strictObject({ service: text, inventory });
const knownFile = z.strictObject({ v: z.literal(1), devices: z.record(z.string(), known) });

/**
 * What each device had when it was last read: an agent that starts while a device is away shows its cameras as offline and
 * not as gone. A file that cannot be read is no file; it holds nothing that the devices do not tell again.
 */
export class KnownInventories {
  private readonly path: string;
  private devices: Record<string, { service: string; inventory: Inventory }> = {};
  private writing: Promise<void> = Promise.resolve();

  constructor(stateDir: string) {
    this.path = join(stateDir, ONVIF_KNOWN_FILE);
  }

  async load(): Promise<void> {
    try {
      const content = await readFile(this.path, 'utf8');
      if (content.length > FILE_MAX_BYTES) return;
      const { devices } = knownFile.parse(JSON.parse(content));
      this.devices = Object.fromEntries(
        Object.entries(devices).map(([id, one]) => [
          id,
          { service: one.service, inventory: one.inventory as Inventory },
        ]),
      );
    } catch {
      this.devices = {};
    }
  }

  /** Undefined for a device that was never read, or stood at another address then. */
  of(id: string, service: string): Inventory | undefined {
    const one = Object.hasOwn(this.devices, id) ? this.devices[id] : undefined;
    return one?.service === service ? one.inventory : undefined;
  }

  put(id: string, service: string, found: Inventory): void {
    this.devices[id] = { service, inventory: found };
    this.save();
  }

  /** Forgets devices that are not on the list any more. */
  keep(ids: ReadonlySet<string>): void {
    const gone = Object.keys(this.devices).filter((id) => !ids.has(id));
    if (gone.length === 0) return;
    for (const id of gone) delete this.devices[id];
    this.save();
  }

  /** Resolves when everything is on the disk, or could not be written there. */
  async close(): Promise<void> {
    await this.writing;
  }

  private save(): void {
    const write = (): Promise<void> =>
      writePrivateFile(this.path, `${JSON.stringify({ v: 1, devices: this.devices })}\n`).catch(() => undefined);
    this.writing = this.writing.then(write);
  }
}
