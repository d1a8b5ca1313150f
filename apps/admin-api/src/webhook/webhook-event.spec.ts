import { EVENT_PATTERNS, isEventPattern, messageIdOf, payloadOf, wants, wantsReceived } from './webhook-event.js';

describe('what a webhook hears of a site’s events', () => {
  it.each([
    [['event.received'], 'camera.motion', true],
    [['event.received:camera.motion'], 'camera.motion', true],
    [['event.received:camera.motion'], 'camera.motions', false],
    [['event.received:camera.*'], 'camera.motion', true],
    [['event.received:camera.*'], 'cameras.motion', false],
    [['event.received:tns1:RuleEngine/*'], 'tns1:RuleEngine/CellMotion', true],
    [['*', 'event.*', 'site.*'], 'camera.motion', false],
  ])('%j, of the type %s: %s', (patterns, type, heard) => {
    expect(wantsReceived(patterns, type)).toBe(heard);
  });

  it.each([
    'event.received:',
    'event.received:*',
    'event.received:a*b',
    'event.received:a b',
    `event.received:${'x'.repeat(201)}`,
  ])('is by no pattern like %s', (pattern) => expect(isEventPattern(pattern)).toBe(false));
});

describe('what a webhook hears of', () => {
  it.each([
    [['site.offline'], 'site.offline', true],
    [['site.offline'], 'site.online', false],
    [['site.offline'], 'sites.offline', true],
    [['site.online'], 'sites.offline', false],
    [['site.*'], 'sites.online', true],
    [['sites.*'], 'site.online', false],
    [['keyfile.*'], 'keyfile.issued', true],
    [['keyfile.*'], 'keyfiles.issued', false],
    [['*'], 'anything.at-all', true],
    [['*'], 'webhook.tested', false],
    [['webhook.tested'], 'webhook.tested', false],
    [['session.opened', 'site.*'], 'site.renamed', true],
  ])('%j, of %s: %s', (patterns, action, heard) => {
    expect(wants(patterns, action)).toBe(heard);
  });

  it('may be named by action, family or all', () => {
    for (const pattern of ['*', 'site.*', 'site.offline', 'enrolment.redeemed'])
      expect(EVENT_PATTERNS).toContain(pattern);
    for (const pattern of ['**', 'sit.*', 'site.ofline', '']) expect(EVENT_PATTERNS).not.toContain(pattern);
  });
});

describe('a message', () => {
  it('tells the row of the audit', () => {
    const body = { seq: 7, at: '2026-01-01T00:00:00.000000Z', by: 'login', actor: 'system', action: 'site.offline' };
    const row = JSON.stringify({ ...body, subject: 'id', details: { label: 'hamburg' } });
    expect(JSON.parse(payloadOf(row))).toEqual({
      type: 'site.offline',
      timestamp: '2026-01-01T00:00:00.000000Z',
      data: { seq: 7, actor: 'system', subject: 'id', label: 'hamburg' },
    });
  });

  it('has an id without a dot, which the signature uses to part', () => {
    expect(messageIdOf('ab'.repeat(32))).toMatch(/^msg_[0-9a-f]{32}$/);
  });
});
