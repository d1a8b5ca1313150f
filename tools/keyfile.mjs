/** `npm run -s keyfile -- 'SITE NAME' FILE`: makes a site, or finds it, in the running platform and writes a new keyfile for it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LauncherError } from './launcher/errors.mjs';
import { homeDir } from './launcher/home.mjs';
import { signInFirst } from './demo/rest.mjs';

const HELP = `usage: npm run -s keyfile -- 'SITE NAME' [FILE] [--replace]

Issues a keyfile in the platform that runs from this clone; the site is made when there is none of that name.

  FILE        written so that only you can read it; without it the keyfile goes to standard output
  --replace   the site has an agent: cut it off, the keyfile is for its successor
  --help      this text`;

/** @param {string[]} args */
function parse(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, replace: { type: 'boolean' } },
    });
    const [name, file, ...more] = positionals;
    if (!values.help && (!name || more.length > 0)) throw new Error('one site name and at most one file are expected');
    return { help: values.help === true, name: name ?? '', file, replace: values.replace === true };
  } catch (error) {
    throw new LauncherError('config-invalid', `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}

/** @param {{ name: string, file?: string, replace: boolean }} wish */
async function issue({ name, file, replace }) {
  const cloudFile = join(homeDir(), 'cloud.json');
  if (!existsSync(cloudFile)) {
    throw new LauncherError('config-invalid', 'the platform has not been started here: npm start');
  }
  if (file && existsSync(file))
    throw new LauncherError('config-invalid', `${file} is there already: name another file`);
  const rest = await signInFirst(JSON.parse(readFileSync(cloudFile, 'utf8'))).catch((/** @type {Error} */ error) => {
    if (error instanceof LauncherError) throw error;
    throw new LauncherError('rest-failed', 'the platform does not answer: npm start');
  });
  /** @type {import('./demo/rest.mjs').Site[]} */
  const sites = await rest.list('/sites');
  const site = sites.find((candidate) => candidate.name === name) ?? (await rest.createSite(name));
  const { content, fingerprint } = await rest.issueKeyfile(site.id, replace ? { replace } : {});
  await rest.signOut();
  if (file) writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
  else process.stdout.write(content);
  process.stderr.write(`keyfile of site ${site.label}, fingerprint ${fingerprint}\n`);
}

try {
  const wish = parse(process.argv.slice(2));
  if (wish.help) process.stdout.write(`${HELP}\n`);
  else await issue(wish);
} catch (error) {
  const code = error instanceof LauncherError ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  const hint = message.includes('site-enrolled') ? '; with this command: --replace' : '';
  process.stderr.write(`keyfile: ${code}: ${message}${hint}\n`);
  process.exitCode = error instanceof LauncherError ? error.exitStatus : 70;
}
