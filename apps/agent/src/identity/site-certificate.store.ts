import { createSiteCertificate, type SiteCertificate } from '@app/pki';
import { z } from 'zod';
import type { StateDirectory } from '../state/state-directory.js';

export const SITE_KEY_FILE = 'site-tls.json';
const siteKey = z.object({ v: z.literal(1), key: z.string() });

/** The certificate of the site's own servers. Its key stays the same for the life of the state directory: clients pin it. */
export const openSiteCertificate = async (state: StateDirectory, now: Date): Promise<SiteCertificate> => {
  const kept = await state.readJson(SITE_KEY_FILE, siteKey);
  const certificate = await createSiteCertificate(now, kept?.key);
  if (kept === undefined) await state.writeJson(SITE_KEY_FILE, { v: 1, key: certificate.key });
  return certificate;
};
