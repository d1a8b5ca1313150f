/** `npm run -s keyfile -- 'SITE NAME'`: makes a site, or finds it, in the running platform and prints a new keyfile for it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LauncherError } from './launcher/errors.mjs';
import { homeDir } from './launcher/home.mjs';
import { signInFirst } from './demo/rest.mjs';

/** @param {string} name */
async function keyfileFor(name) {
  const file = join(homeDir(), 'cloud.json');
  if (!existsSync(file)) throw new LauncherError('config-invalid', 'the platform has not been started here: npm start');
  const rest = await signInFirst(JSON.parse(readFileSync(file, 'utf8')));
  /** @type {import('./demo/rest.mjs').Site[]} */
  const sites = await rest.list('/sites');
  const site = sites.find((candidate) => candidate.name === name) ?? (await rest.createSite(name));
  const { content, fingerprint } = await rest.issueKeyfile(site.id);
  await rest.signOut();
  process.stdout.write(content);
  process.stderr.write(`keyfile of site ${site.label}, fingerprint ${fingerprint}\n`);
}

const [name] = process.argv.slice(2);
try {
  if (!name) throw new LauncherError('config-invalid', "usage: npm run -s keyfile -- 'SITE NAME' > site.keyfile");
  await keyfileFor(name);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof LauncherError ? error.exitStatus : 70;
}
