import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateDirectory } from '../state/state-directory.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import { ConnectionRecord } from './connection.record.js';
import { recordTunnel } from './record-tunnel.js';

const CONNECTED = { endpoint: { host: 'cloud', port: 5500 } };
const trouble = (code: string): { code: string; message: string } => ({ code, message: `about ${code}` });

describe('the record of a tunnel', () => {
  let dir: string;
  let nowMs: number;
  let tunnel: EventEmitter;
  let record: ConnectionRecord;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'adit-record-'));
    nowMs = 1_800_000_000_000;
    tunnel = new EventEmitter();
    const state = await StateDirectory.open(dir);
    const clock = { wall: () => nowMs, steady: () => nowMs };
    record = await ConnectionRecord.open({ state, siteId: 's', onError: () => undefined, ...clock });
    recordTunnel(tunnel as unknown as TunnelClient, record);
    tunnel.emit('up', CONNECTED);
  });

  afterEach(async () => {
    await record.flush();
    rmSync(dir, { recursive: true });
  });

  it('blames the cut, and notes the attempts at every endpoint', () => {
    tunnel.emit('suspended', trouble('peer-silent'));
    nowMs += 20_000;
    tunnel.emit('failed', 'cloud:5500', trouble('connection-timeout'));
    tunnel.emit('down', trouble('session-lost'));
    tunnel.emit('failed', 'cloud:5500', trouble('connection-refused'));
    tunnel.emit('failed', 'other:443', trouble('tls-wrong-name'));
    tunnel.emit('up', CONNECTED);
    expect(record.unsent).toMatchObject([
      {
        cause: 'peer-silent',
        faults: [
          { code: 'connection-timeout', endpoint: 'cloud:5500' },
          { code: 'session-lost', endpoint: 'cloud:5500' },
          { code: 'connection-refused', endpoint: 'cloud:5500' },
          { code: 'tls-wrong-name', endpoint: 'other:443', detail: 'about tls-wrong-name' },
        ],
      },
    ]);
  });

  it.each([
    [4_000, 0],
    [6_000, 1],
  ])('takes a cut of %d ms that the session survived for %d outages', (ms, outages) => {
    tunnel.emit('suspended', trouble('transport-closed'));
    nowMs += ms;
    tunnel.emit('resumed', CONNECTED);
    expect(record.unsent).toHaveLength(outages);
  });

  it('takes a move to another broker for none, unless the old one ends first', () => {
    tunnel.emit('moving', trouble('broker-draining'));
    tunnel.emit('up', CONNECTED);
    tunnel.emit('left', 'cloud:5500', trouble('drained'));
    expect(record.outages).toEqual([]);
    tunnel.emit('moving', trouble('broker-draining'));
    tunnel.emit('failed', 'other:443', trouble('connection-refused'));
    tunnel.emit('left', 'cloud:5500', trouble('drained'));
    tunnel.emit('failed', 'other:443', trouble('connection-refused'));
    tunnel.emit('up', CONNECTED);
    expect(record.unsent).toMatchObject([{ cause: 'broker-draining', faults: [{ count: 1 }] }]);
  });
});
