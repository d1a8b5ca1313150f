import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloud } from '../launcher/cloud.mjs';
import { startNats } from '../launcher/nats.mjs';
import { freePorts } from '../launcher/port.mjs';
import { startPostgres } from '../launcher/postgres.mjs';

/**
 * A platform for simulated sites alone: on free ports, in a folder that is gone at the end. It has no video.
 * @param {{ log: (name: string, line: string) => void, shutdown: Pick<import('../launcher/shutdown.mjs').Shutdown, 'add'> }} options
 * @returns {Promise<{ dataDir: string, api: string, firstPasswordFile: string, pid: (app: 'federation') => number }>}
 * @throws {import('../launcher/errors.mjs').LauncherError} of what did not start
 */
export async function startOwnCloud({ log, shutdown }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'adit-simulate-'));
  shutdown.add(() => rmSync(dataDir, { recursive: true, force: true }));
  // PostgreSQL runs as another user when root starts it, and has to get to its own folder.
  chmodSync(dataDir, 0o711);
  const [http = 0, play = 0, rtsp = 0, tunnel = 0, ingress = 0] = await freePorts(5);
  const postgres = await startPostgres({ dir: join(dataDir, 'postgres') });
  shutdown.add(() => postgres.stop());
  const nats = await startNats({ dir: dataDir });
  shutdown.add(() => nats.stop());
  const cloud = await startCloud({
    dataDir,
    ownerUrl: postgres.ownerUrl,
    nats,
    ports: { http, play, rtsp, tunnel, ingress, health: {} },
    apps: ['keyfile-issuer', 'tunnel-broker', 'admin-api', 'federation'],
    log,
  });
  shutdown.add((limitMs) => cloud.stop(limitMs));
  const api = `http://127.0.0.1:${http}`;
  const pid = (/** @type {'federation'} */ app) => cloud.apps.get(app)?.pid ?? 0;
  return { dataDir, api, firstPasswordFile: cloud.firstPasswordFile, pid };
}
