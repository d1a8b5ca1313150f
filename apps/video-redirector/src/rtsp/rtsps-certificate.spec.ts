import { ConfigurationError } from '@app/runtime';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRtspsCertificate } from './rtsps-certificate.js';

describe('the certificate of RTSPS', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'adit-rtsps-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  const own = (): ReturnType<typeof openRtspsCertificate> =>
    openRtspsCertificate({ ADIT_DATA_DIR: join(dir, 'data'), ADIT_SERVER_NAMES: ['video.example'] });
  const given = (): ReturnType<typeof openRtspsCertificate> =>
    openRtspsCertificate({
      ADIT_RTSPS_CERTIFICATE_FILE: join(dir, 'cert.pem'),
      ADIT_RTSPS_KEY_FILE: join(dir, 'key.pem'),
    } as never);

  it('is made once and kept, for its owner alone', async () => {
    const { fingerprint } = await own();
    expect(fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(statSync(join(dir, 'data', 'rtsps.pem')).mode & 0o777).toBe(0o600);
    expect((await own()).fingerprint).toBe(fingerprint);
  });

  it('is that of the settings, of another kind of key as well', async () => {
    const names = '-keyout key.pem -out cert.pem -days 2 -subj /CN=other'.split(' ');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...names], { cwd: dir, stdio: 'ignore' });
    chmodSync(join(dir, 'key.pem'), 0o600);
    expect((await given()).fingerprint).toHaveLength(95);
    chmodSync(join(dir, 'key.pem'), 0o644);
    await expect(given()).rejects.toThrow('ADIT_RTSPS_KEY_FILE');
  });

  it('stops the start when it is no pair, cut short or not there', async () => {
    await expect(given()).rejects.toThrow(ConfigurationError);
    await own();
    const pem = readFileSync(join(dir, 'data', 'rtsps.pem'), 'utf8');
    writeFileSync(join(dir, 'data', 'rtsps.pem'), pem.slice(0, pem.length / 2), { mode: 0o600 });
    await expect(own()).rejects.toThrow('ADIT_DATA_DIR/rtsps.pem');
  });
});
