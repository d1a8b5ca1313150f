import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { directory } from '@app/contracts';
import { entityId } from '../entities/entity-record.js';
import { MAX_DETAILS_BYTES, toldEvent } from './event-record.js';

const SOURCE = { siteId: '01900000-0000-7000-8000-000000000001', store: 'pin' };

type Fields = Exclude<MessageInitShape<typeof directory.WatchEventsResponseSchema>, { $typeName: string }>;

const told = (fields: Fields) =>
  toldEvent(SOURCE, create(directory.WatchEventsResponseSchema, { sequence: 7n, type: 'camera.motion', ...fields }));

describe('what a site tells of an event', () => {
  it('keeps its time, its period, its source and its details', () => {
    const siteTime = new Date('2026-03-01T12:00:00.123Z');
    const { event, loss } = told({
      sourceId: 'gate',
      siteTime: timestampFromDate(siteTime),
      occurrencePeriod: directory.OccurrencePeriod.OFFLINE,
      details: { region: 'left', score: 0.5 },
    })!;
    expect(event).toMatchObject({ sequence: 7n, type: 'camera.motion', sourceId: 'gate', siteTime });
    expect(event).toMatchObject({ occurrencePeriod: 'offline', details: { region: 'left', score: 0.5 } });
    expect(event.entityId).toBe(entityId(SOURCE.siteId, 'gate'));
    expect(loss).toBeUndefined();
  });

  it('has one id for the same sequence of the same store, and another for another', () => {
    expect(told({})!.event.id).toBe(told({ type: 'x' })!.event.id);
    expect(told({ sequence: 8n })!.event.id).not.toBe(told({})!.event.id);
    const message = create(directory.WatchEventsResponseSchema, { sequence: 7n });
    expect(toldEvent({ ...SOURCE, store: 'other' }, message)!.event.id).not.toBe(told({})!.event.id);
  });

  it('is preceded by a loss where the site had to discard events', () => {
    const { event, loss, lost } = told({ lostBefore: 12n, sourceId: 'gate' })!;
    expect(loss).toMatchObject({ sequence: 7n, type: 'events.lost', sourceId: null, details: { count: 12 } });
    expect(loss?.id).not.toBe(event.id);
    expect(lost).toBe(12);
  });

  it.each([[0n], [2n ** 63n], [2n ** 64n - 1n]])('is nothing with the sequence %s', (sequence) => {
    expect(told({ sequence })).toBeUndefined();
  });

  it.each([
    [-62_135_596_800n, '0001-01-01T00:00:00.000Z'],
    [-62_135_596_801n, undefined],
    [253_402_300_799n, '9999-12-31T23:59:59.000Z'],
    [253_402_300_800n, undefined],
    [2n ** 62n, undefined],
    [0n, '1970-01-01T00:00:00.000Z'],
  ])('has the time %s s as it was told: %s', (seconds, expected) => {
    const { siteTime } = told({ siteTime: { seconds, nanos: 0 } })!.event;
    expect(siteTime?.toISOString()).toBe(expected);
  });

  it.each<[string, Fields, string, string | null]>([
    ['control characters', { type: 'a\u0000b\u001b[2J', sourceId: 'g\u0000ate' }, 'ab[2J', 'gate'],
    ['nothing', { type: ' \n', sourceId: '' }, 'unknown', null],
    ['too much', { type: 'x'.repeat(5_000), sourceId: 'y'.repeat(201) }, 'x'.repeat(200), null],
    ['a pair cut in two', { type: `${'x'.repeat(199)}\u{1F600}` }, 'x'.repeat(199), null],
    ['halves of pairs', { type: 'a\ud83d', sourceId: '\udc00b' }, 'a', 'b'],
  ])('is cleaned of %s', (_what, fields, type, sourceId) => {
    expect(told(fields)!.event).toMatchObject({ type, sourceId });
  });

  const deep = (levels: number): JsonObject => {
    let value: JsonObject = {};
    for (let level = 0; level < levels; level++) value = { a: value };
    return value;
  };

  it.each<[string, JsonObject, boolean]>([
    ['as much as may be', { text: 'x'.repeat(MAX_DETAILS_BYTES - 11) }, false],
    ['a byte more', { text: 'x'.repeat(MAX_DETAILS_BYTES - 10) }, true],
    ['a NUL in a name', { 'a\u0000': 1 }, true],
    ['half a character in a name', { '\ud83d': 1 }, true],
    ['a depth that no stack holds', deep(100_000), true],
  ])('with %s in its details', (_what, details, dropped) => {
    const { event } = told({ details })!;
    expect(event.detailsDropped).toBe(dropped);
    if (dropped) expect(event.details).toEqual({});
    else expect(event.details).toEqual(details);
  });

  it('has no control characters in its details, but lines', () => {
    const details = { text: 'a\u0000\u0007b\nc\td', list: ['\ud83dx', { y: '\u009b' }] };
    expect(told({ details })!.event.details).toEqual({ text: 'ab\nc\td', list: ['x', { y: '' }] });
  });
});
