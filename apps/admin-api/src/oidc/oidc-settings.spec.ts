import { rolesByClaim } from './oidc-settings.js';

const SETTINGS = {
  rolesClaim: 'groups',
  roles: new Map([
    ['cctv-admins', 'administrator' as const],
    ['cctv', 'viewer' as const],
  ]),
};

describe('the roles of a claim', () => {
  it.each([
    ['an array', { groups: ['cctv', 'cctv-admins', 'others'] }, ['viewer', 'administrator']],
    ['one text', { groups: 'cctv' }, ['viewer']],
    ['values twice', { groups: ['cctv', 'cctv'] }, ['viewer']],
    ['no value that is mapped', { groups: ['CCTV', 'administrator'] }, []],
    ['no claim', {}, []],
    ['another form', { groups: { cctv: true } }, []],
    ['texts among other things', { groups: [null, 1, ['cctv'], 'cctv'] }, ['viewer']],
  ])('come of %s', (_title, claims, roles) => {
    expect(rolesByClaim(SETTINGS, claims)).toEqual(roles);
  });

  it('are none where no claim is configured', () => {
    expect(rolesByClaim({ rolesClaim: undefined, roles: new Map() }, { undefined: ['cctv'] })).toEqual([]);
  });
});
