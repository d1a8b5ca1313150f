import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCameraList, withCamera, withoutCamera } from './camera-list.js';
import { CameraListFile } from './camera-list.file.js';

const GOOD = `
# the entrance
cameras:
  - id: front-door
    name: Front door
    streams:
      - url: rtsp://192.0.2.10/high # main
        usages: [live, high-res]
      - { url: 'rtsp://192.0.2.10/low', usages: [low-res], username: viewer, password: secret }
`;

describe('parseCameraList', () => {
  it('reads cameras with their streams, and an empty text as no cameras', () => {
    expect(parseCameraList(GOOD)).toMatchObject([
      { id: 'front-door', streams: [{ usages: ['live', 'high-res'] }, {}] },
    ]);
    expect(parseCameraList('')).toEqual([]);
    expect(parseCameraList('cameras:\n')).toEqual([]);
    expect(parseCameraList('# nothing yet\n')).toEqual([]);
  });

  it.each([
    ['cameras: [', 'camera-list-not-yaml', /^line 1/],
    ['cameras:\n  - id: a\n    id: b\n', 'camera-list-not-yaml', /^line 3/],
    [
      'cameras:\n  - id: A b\n    name: x\n    streams: [{url: rtsp://h/}]\n',
      'camera-list-invalid',
      /line 2: cameras\.0\.id/,
    ],
    ['cameras:\n  - id: a\n    name: x\n    streams: []\n', 'camera-list-invalid', /line 4: cameras\.0\.streams/],
    [
      'cameras:\n  - id: a\n    name: x\n    streams:\n      - url: http://h/\n',
      'camera-list-invalid',
      /line 5.*rtsp:\/\//,
    ],
    [
      'cameras:\n  - id: a\n    name: x\n    color: red\n    streams: [{url: rtsp://h/}]\n',
      'camera-list-invalid',
      /color/,
    ],
    ['cams: []\n', 'camera-list-invalid', /cams/],
    ['- a\n', 'camera-list-invalid', /the list/],
  ])('refuses %j and names the place', (text, code, message) => {
    expect(() => parseCameraList(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('refuses two cameras of one id', () => {
    const twice = GOOD + GOOD.slice(GOOD.indexOf('  - id'));
    expect(() => parseCameraList(twice)).toThrow(/front-door is there twice/);
  });

  it('does not follow aliases, which could grow without bound', () => {
    expect(() => parseCameraList('a: &a [1]\ncameras: *a\n')).toThrow(
      expect.objectContaining({ code: 'camera-list-not-yaml' }),
    );
  });
});

describe('withCamera', () => {
  const camera = { id: 'yard', name: 'Yard', streams: [{ url: 'rtsp://192.0.2.11/' }] };

  it('adds a camera and keeps what people wrote around', () => {
    const text = withCamera(GOOD, camera);
    expect(parseCameraList(text).map(({ id }) => id)).toEqual(['front-door', 'yard']);
    expect(text).toContain('# the entrance');
    expect(text).toContain('# main');
  });

  it.each(['', '# mine\n', 'cameras:\n', 'cameras: []\n'])('begins a list from %j', (text) => {
    expect(parseCameraList(withCamera(text, camera))).toEqual([camera]);
  });

  it('replaces a camera in its place, and takes one away', () => {
    const two = withCamera(withCamera('', camera), { ...camera, id: 'gate' });
    expect(parseCameraList(withCamera(two, { ...camera, name: 'Back yard' })).map(({ name }) => name)).toEqual([
      'Back yard',
      'Yard',
    ]);
    expect(parseCameraList(withoutCamera(two, 'yard')).map(({ id }) => id)).toEqual(['gate']);
    expect(() => withoutCamera(two, 'none')).toThrow(expect.objectContaining({ code: 'camera-unknown' }));
  });
});

describe('CameraListFile', () => {
  it('is readable by its owner only and refuses to overwrite a camera unasked', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cameras-'));
    try {
      const file = new CameraListFile(dir);
      expect(await file.read()).toEqual([]);
      const camera = { id: 'yard', name: 'Yard', streams: [{ url: 'rtsp://192.0.2.11/' }] };
      const empty = await file.version();
      await file.put(camera);
      expect(await file.version()).not.toBe(empty);
      expect((await stat(file.path)).mode & 0o777).toBe(0o600);
      await expect(file.put(camera)).rejects.toMatchObject({ code: 'camera-exists' });
      await file.put({ ...camera, name: 'Other' }, true);
      expect(await file.read()).toMatchObject([{ name: 'Other' }]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
