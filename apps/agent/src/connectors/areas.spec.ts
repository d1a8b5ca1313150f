import { areaId, areaPath, areasOf } from './areas.js';

describe('areas of a camera list', () => {
  it('are every one that a path leads through, each once and after the one that it is in', () => {
    const areas = areasOf(['Building 1 / Floor 2', 'Building 1/Floor 1', 'Yard', 'Building 1/Floor 2']);
    expect(areas.map(({ remoteId, parentId, name }) => [remoteId, parentId, name])).toEqual([
      ['area:Building 1', undefined, 'Building 1'],
      ['area:Building 1/Floor 2', 'area:Building 1', 'Floor 2'],
      ['area:Building 1/Floor 1', 'area:Building 1', 'Floor 1'],
      ['area:Yard', undefined, 'Yard'],
    ]);
    expect(areaId('Building 1 / Floor 2')).toBe('area:Building 1/Floor 2');
  });

  it.each(['Yard', 'Building 1/Floor 2', 'Ä / 2. Stock'])('may be called %j', (path) => {
    expect(areaPath.safeParse(path).success).toBe(true);
  });

  it.each(['', '/', 'a//b', 'a/', 'x'.repeat(191), 'a\u0007', 'a/b/c/d/e/f/g/h/i/j/k'])(
    'may not be called %j',
    (path) => {
      expect(areaPath.safeParse(path).success).toBe(false);
    },
  );
});
