import { DomainError, siteLabel, streamUsage, type StreamUsage } from '@app/contracts';

/** What a stream URL names: `/<site>/<camera>/<usage>`, the same for tunnelled and directly reached sites. */
export interface StreamPath {
  site: string;
  camera: string;
  usage: StreamUsage;
}

const MAX_CAMERA = 200;

/** @param path decoded, begins with a slash. @throws DomainError `not-found` */
export const parseStreamPath = (path: string): StreamPath => {
  const [, site = '', camera = '', usage = '', ...rest] = path.split('/');
  const label = siteLabel.safeParse(site.toLowerCase());
  const known = streamUsage.safeParse(usage);
  if (!label.success || !known.success || camera === '' || camera.length > MAX_CAMERA || rest.length > 0) {
    throw new DomainError('not-found', 'expected /<site>/<camera>/<usage>');
  }
  return { site: label.data, camera, usage: known.data };
};
