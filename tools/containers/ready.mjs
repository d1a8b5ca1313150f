#!/usr/bin/env node
/**
 * Last step of the containers' start: what the newcomer needs next. The first password goes to a terminal only; a
 * container's output is kept as a log, so there the command is named that shows it.
 *
 *     node tools/containers/ready.mjs /secrets PUBLIC_HOST
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [dir = '/secrets', publicHost = 'localhost'] = process.argv.slice(2);
const password = process.stdout.isTTY
  ? readFileSync(join(dir, 'secrets', 'admin-api', 'first-password'), 'utf8').trim()
  : 'shown by: docker compose exec admin-api cat /run/adit/first-password';

process.stdout.write(
  `
Adit is ready

  Admin API     http://localhost:8080/api/docs     (this machine only: put a TLS proxy before it for others)
  Sign in       user admin, first password ${password}
  Agents        ${publicHost}:5500
  Video         rtsp://${publicHost}:8554/<site>/<camera>/<usage>?ticket=…

  Connect a site: create it and its keyfile in the admin API, save the keyfile as site.keyfile on a machine of the site,
  then there: docker compose -f docker-compose.site.yml up -d

`,
);
