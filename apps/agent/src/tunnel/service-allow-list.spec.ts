import { ServiceAllowList } from './service-allow-list.js';

describe('ServiceAllowList', () => {
  const target = { host: '127.0.0.1', port: 4711, classes: ['live', 'playback'] as const };
  const list = new ServiceAllowList();
  list.allow('redirector', target);

  it('knows a named service in its classes', () => {
    expect(list.judge('redirector', 'live')).toEqual({ target });
  });

  it('does not let a channel have a class that the service is not for', () => {
    expect(list.judge('redirector', 'control')).toEqual({ refuse: 'not-allowed' });
  });

  it.each(['camera', 'Redirector', '192.0.2.10:554', 'redirector.site', '', '__proto__'])(
    'knows nothing called "%s"',
    (name) => {
      expect(list.judge(name, 'live')).toEqual({ refuse: 'unknown-service' });
    },
  );

  it('refuses a name twice, and a name that is none', () => {
    expect(() => list.allow('redirector', target)).toThrow(expect.objectContaining({ code: 'service-invalid' }));
    expect(() => list.allow('Not a name', target)).toThrow(expect.objectContaining({ code: 'service-invalid' }));
  });
});
