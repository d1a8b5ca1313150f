import { parseStreamPath } from './stream-path.js';

describe('parseStreamPath', () => {
  it('reads site, camera and usage; the site in any case', () => {
    expect(parseStreamPath('/Hamburg/front-door/low-res')).toEqual({
      site: 'hamburg',
      camera: 'front-door',
      usage: 'low-res',
    });
  });

  it.each([
    '/',
    '/hamburg',
    '/hamburg/a',
    '/hamburg/a/',
    '/hamburg/a/best',
    '/hamburg//live',
    '/ham burg/a/live',
    '/h/a/live/x',
    `/h/${'a'.repeat(201)}/live`,
  ])('finds nothing at %s', (path) => {
    expect(() => parseStreamPath(path)).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});
