import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '@app/pki';
import {
  CAMERA_LIST_MAX_BYTES,
  parseCameraList,
  withCamera,
  withoutAccounts,
  withoutCamera,
  type CameraEntry,
} from './camera-list.js';
import { ConnectorError } from './errors.js';

export const CAMERA_LIST_FILE = 'cameras.yaml';

/** `cameras.yaml` in the state directory: 0600, because it may hold credentials. Written whole or not at all. */
export class CameraListFile {
  readonly path: string;

  constructor(stateDir: string) {
    this.path = join(stateDir, CAMERA_LIST_FILE);
  }

  /** A file that is not there is an empty list. @throws ConnectorError */
  async read(): Promise<CameraEntry[]> {
    return parseCameraList(await this.text());
  }

  /** Adds a camera. @throws ConnectorError `camera-exists` unless `replace` */
  async put(camera: CameraEntry, replace = false): Promise<void> {
    if (!replace) await this.refuseExisting(camera.id);
    await writePrivateFile(this.path, withCamera(await this.text(), camera));
  }

  /** @throws ConnectorError `camera-exists` */
  async refuseExisting(id: string): Promise<void> {
    if (!(await this.read()).some((camera) => camera.id === id)) return;
    throw new ConnectorError('camera-exists', `The list has a camera ${id} already`);
  }

  /** Takes the accounts of these cameras out of the list; its comments stay. */
  async withoutAccounts(ids: readonly string[], part?: 'streams' | 'recordings'): Promise<void> {
    const text = await this.text();
    const plain = withoutAccounts(text, ids, part);
    if (plain !== text) await writePrivateFile(this.path, plain);
  }

  async remove(id: string): Promise<void> {
    await writePrivateFile(this.path, withoutCamera(await this.text(), id));
  }

  /** Changes whenever the file does; empty while there is none. */
  async version(): Promise<string> {
    const { mtimeNs, size, ino } = await stat(this.path, { bigint: true }).catch(() => ({
      mtimeNs: 0n,
      size: 0n,
      ino: 0n,
    }));
    return ino === 0n ? '' : `${ino} ${mtimeNs} ${size}`;
  }

  private async text(): Promise<string> {
    try {
      const { size } = await stat(this.path);
      if (size > CAMERA_LIST_MAX_BYTES) {
        throw new ConnectorError('camera-list-too-large', `${this.path} is larger than ${CAMERA_LIST_MAX_BYTES} bytes`);
      }
      return await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      if (error instanceof ConnectorError) throw error;
      throw new ConnectorError('camera-list-unreadable', `${this.path} cannot be read`, { cause: error });
    }
  }
}
