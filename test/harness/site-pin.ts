import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinOf } from '@app/pki';

/** The pin an operator would confirm for direct federation, from the site's own key file. */
export const sitePin = (stateDir: string): string => {
  const { key } = JSON.parse(readFileSync(join(stateDir, 'site-tls.json'), 'utf8')) as { key: string };
  return pinOf(createPublicKey(key).export({ type: 'spki', format: 'der' }));
};
