import { X509Certificate } from 'node:crypto';
import { createSelfSigned } from './self-signed.js';

describe('a self-signed certificate', () => {
  it('is of its own key and for the names given', async () => {
    const { key, certificate } = await createSelfSigned(
      ['video.example', '192.0.2.1', '::1'],
      'Adit video',
      new Date(),
    );
    const read = new X509Certificate(certificate);
    expect(key).toContain('BEGIN PRIVATE KEY');
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.checkHost('video.example')).toBe('video.example');
    expect([read.checkIP('192.0.2.1'), read.checkIP('::1'), read.checkIP('192.0.2.2')]).toEqual([
      '192.0.2.1',
      '::1',
      undefined,
    ]);
    expect(read.ca).toBe(false);
  });
});
