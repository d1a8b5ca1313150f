import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { FieldVault } from '../secrets/field-vault.js';
import { WebhookSecrets } from './webhook-secret.js';

describe('the signature of a webhook', () => {
  const secrets = new WebhookSecrets(new FieldVault(randomBytes(32)));
  const owner = { tenantId: 'tenant', webhookId: 'hook' };
  const message = { id: 'msg_1', at: new Date(), body: '{"type":"site.offline"}' };

  it('is that of Standard Webhooks, by its library and by its text', () => {
    const { text, sealed } = secrets.make(owner);
    const headers = secrets.sign([sealed], owner, message);
    expect(new Webhook(text).verify(message.body, { ...headers })).toEqual({ type: 'site.offline' });
    const key = Buffer.from(text.replace('whsec_', ''), 'base64');
    const signed = `msg_1.${headers['webhook-timestamp']}.${message.body}`;
    const signature = createHmac('sha256', key).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
  });

  it('is made by both secrets while a rotation overlaps', () => {
    const [older, newer] = [secrets.make(owner), secrets.make(owner)];
    const headers = secrets.sign([newer.sealed, older.sealed], owner, message);
    for (const { text } of [older, newer])
      expect(() => new Webhook(text).verify(message.body, { ...headers })).not.toThrow();
    const other = secrets.make(owner);
    expect(() => new Webhook(other.text).verify(message.body, { ...headers })).toThrow('No matching signature');
  });

  it('covers body, id and time', () => {
    const { text, sealed } = secrets.make(owner);
    const headers = secrets.sign([sealed], owner, message);
    const verify = (body: string, change: object) => () => new Webhook(text).verify(body, { ...headers, ...change });
    expect(verify('{"type":"site.online"}', {})).toThrow('No matching signature');
    expect(verify(message.body, { 'webhook-id': 'msg_2' })).toThrow('No matching signature');
    const later = String(Number(headers['webhook-timestamp']) + 1);
    expect(verify(message.body, { 'webhook-timestamp': later })).toThrow('No matching signature');
  });
});
