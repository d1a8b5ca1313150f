import { create } from '@bufbuild/protobuf';
import { directory } from '@app/contracts';
import { cameraDetails, entityId, entityRecord, fromWireUsage, toWireUsage } from './entity-record.js';

const SITE = '0197a1b2-0000-7000-8000-000000000001';

const entity = (init: Partial<directory.Entity>): directory.Entity =>
  create(directory.EntitySchema, {
    remoteId: 'front-door',
    kind: directory.EntityKind.CAMERA,
    name: 'Front door',
    ...init,
  } as never);

describe('entityRecord', () => {
  it('gives the same id for the same site and remote id alone', () => {
    expect(entityRecord(SITE, entity({}))?.id).toBe(entityId(SITE, 'front-door'));
    expect(entityId(SITE, 'front-door')).toBe(entityId(SITE, 'front-door'));
    expect(entityId(SITE, 'back-door')).not.toBe(entityId(SITE, 'front-door'));
  });

  it('makes a path of the remote id, and another for its rival', () => {
    expect(entityRecord(SITE, entity({ remoteId: 'Tür 1' }))).toMatchObject({ path: 'tuer-1' });
    expect(entityRecord(SITE, entity({ remoteId: 'Tür 1' }))?.fallbackPath).toMatch(/^tuer-1-[0-9a-f]{8}$/);
  });

  it('passes an entity of an unknown kind on', () => {
    expect(entityRecord(SITE, entity({ kind: 99 as directory.EntityKind }))).toMatchObject({ kind: 'unknown' });
    expect(entityRecord(SITE, entity({ kind: directory.EntityKind.UNSPECIFIED }))).toMatchObject({ kind: 'unknown' });
  });

  it('cuts what a site says to size', () => {
    const record = entityRecord(SITE, entity({ name: `a\u0000b\n${'x'.repeat(500)}`, stateReason: '\u0007' }));
    expect(record?.name).toHaveLength(200);
    expect(record?.name.startsWith('abx')).toBe(true);
    expect(record?.stateReason).toBeNull();
    expect(entityRecord(SITE, entity({ name: ' ' }))?.name).toBe('front-door');
  });

  it('leaves no half of a character where it cuts', () => {
    expect(entityRecord(SITE, entity({ name: `${'x'.repeat(199)}😀` }))?.name).toBe('x'.repeat(199));
  });

  it('takes the id of the area as it is, because it is another entity’s key', () => {
    expect(entityRecord(SITE, entity({ parentId: ' floor 1 ' }))?.parentRemoteId).toBe(' floor 1 ');
    expect(entityRecord(SITE, entity({ parentId: '' }))?.parentRemoteId).toBeNull();
    expect(entityRecord(SITE, entity({ parentId: 'a\0' }))?.parentRemoteId).toBeNull();
  });

  it.each(['', 'x'.repeat(201), 'a\0b'])('has no row for the remote id %j', (remoteId) => {
    expect(entityRecord(SITE, entity({ remoteId }))).toBeUndefined();
  });

  it('keeps the streams in the form of the contract', () => {
    const camera = create(directory.CameraSchema, {
      streams: [
        { usages: [1, 1, 42 as directory.StreamUsage], codec: 'H264', width: 1280, height: 720, frameRate: 25 },
        { usages: [], codec: 'H265', width: 0, height: 4_000_000_000, frameRate: Number.NaN },
      ],
    });
    const record = entityRecord(SITE, entity({ camera }));
    expect(cameraDetails.parse(record?.details).streams).toEqual([
      { usages: ['live'], codec: 'H264', width: 1280, height: 720, frameRate: 25 },
      { usages: [], codec: 'H265', width: null, height: null, frameRate: null },
    ]);
  });

  it('translates usages both ways', () => {
    for (const usage of ['live', 'recording', 'remote', 'low-res', 'high-res', 'automatic'] as const) {
      expect(fromWireUsage(toWireUsage(usage))).toBe(usage);
    }
    expect(fromWireUsage(directory.StreamUsage.UNSPECIFIED)).toBe('live');
  });
});
