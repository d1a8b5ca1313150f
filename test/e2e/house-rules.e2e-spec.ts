import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ERROR_STATUS } from '@app/contracts';
import { parse } from 'yaml';

const ROOT = join(__dirname, '../..');
/** Tracked files and new ones that git does not ignore, so that a rule holds before the commit too. */
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /^(?:apps|libs|test|tools|docs)\//.test(file));
const SOURCES = FILES.filter((file) => /\.(?:ts|mjs)$/.test(file) && !file.includes('/generated/'));

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const linesOf = (file: string): number => read(file).split('\n').length - 1;
const isSpec = (file: string): boolean => /spec\.ts$/.test(file);

describe('the settings', () => {
  const schemas = SOURCES.filter(
    (file) => /^(?:apps|libs)\/[^/]+\/src\/config\.ts$/.test(file) || file === 'libs/runtime/src/environment.ts',
  );
  /** Keys of the zod objects; a proxy's lower-case spelling counts as the upper-case one. */
  const declared = schemas.flatMap((file) =>
    [...read(file).matchAll(/^\s*\{?\s*([A-Za-z_]{4,}): /gm)]
      .map(([, key = '']) => key)
      .filter((key) => /^[A-Z_]+$/.test(key)),
  );
  const inline = schemas.flatMap((file) => read(file).match(/\b(?:ADIT_[A-Z_]+|NATS_URL)(?=: z\.)/g) ?? []);
  const listed = [...read('.env.example').matchAll(/^([A-Z_]+)=/gm)].map(([, key]) => key);

  it('are all in .env.example, each once, and nothing else is', () => {
    const known = new Set([...declared, ...inline]);
    expect(known.size).toBeGreaterThan(30);
    expect([...listed].sort()).toEqual([...known].sort());
  });

  it('are read from the environment in config.ts alone', () => {
    const readers = SOURCES.filter((file) => /^(?:apps|libs)\//.test(file) && !isSpec(file))
      .filter((file) => /\bprocess\.env\b/.test(read(file)))
      .filter((file) => basename(file) !== 'config.ts');
    expect(readers).toEqual([]);
  });
});

describe('every error code', () => {
  const documented = new Set(
    [...read('docs/errors.md').matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([a-z0-9-]+)`/g)].map(([, code]) => code),
    ),
  );
  /** Words of `typeof` checks and the like. */
  const noCodes = new Set(['string', 'object', 'code']);
  const lists = SOURCES.filter((file) => basename(file) === 'errors.ts' && !isSpec(file));

  it.each(lists)('of %s is in docs/errors.md with what to do about it', (file) => {
    const codes = [...read(file).matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)].map(([, code = '']) => code);
    expect(codes.filter((code) => !noCodes.has(code) && !documented.has(code))).toEqual([]);
  });

  it('of a check, a refused or an ended tunnel is there', () => {
    const places: [folder: string, code: RegExp][] = [
      ['apps/agent/src/check/', /(?:\b(?:ok|failure|wrong)\(.*|code: )'((?!adit)[a-z]+(?:-[a-z]+)+)'/g],
      ['apps/tunnel-broker/src/tunnel/', /(?:reason: |reason = .*|code: |close\(.*|^ {2})'([a-z]+(?:-[a-z]+)+)'/gm],
      ['apps/agent/src/tunnel/', /(?:reason: |code: )'([a-z]+(?:-[a-z]+)+)'/g],
      ['apps/federation/src/connections/', /(?:code: |failed\()'([a-z]+(?:-[a-z]+)+)'/g],
    ];
    const found = places.map(([folder, code]) =>
      SOURCES.filter((file) => file.startsWith(folder) && !isSpec(file)).flatMap((file) =>
        [...read(file).matchAll(code)].map(([, word = '']) => word),
      ),
    );
    for (const codes of found) expect(codes.length).toBeGreaterThan(1);
    const everywhere = read('docs/errors.md');
    expect([...new Set(found.flat())].filter((code) => !everywhere.includes(`\`${code}\``))).toEqual([]);
  });

  it('that may reach an operator is there', () => {
    expect(Object.keys(ERROR_STATUS).filter((code) => !documented.has(code))).toEqual([]);
  });
});

describe('the metrics', () => {
  const sources = SOURCES.filter((file) => /^(?:apps|libs)\/.*\.metrics\.ts$/.test(file));
  const registered = sources.flatMap((file) => [...read(file).matchAll(/'(adit_[a-z_]+)'/g)].map(([, name]) => name));
  const listed = [...read('docs/metrics.md').matchAll(/^\| `(adit_[a-z_]+)` \| (\w+) \|/gm)];

  it('are all in docs/metrics.md, each once, and nothing else is', () => {
    expect(registered.length).toBeGreaterThan(20);
    expect(listed.map(([, name]) => name).sort()).toEqual([...registered].sort());
  });

  it('have names that say whether they are counters', () => {
    for (const [, name = '', type] of listed)
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
  });

  it('are made in files that are named for them', () => {
    const makers = SOURCES.filter(
      (file) => /^(?:apps|libs)\//.test(file) && /new (?:Counter|Gauge|Histogram|Summary)[<(]/.test(read(file)),
    );
    expect(makers.filter((file) => !file.endsWith('.metrics.ts') && !isSpec(file))).toEqual([]);
  });
});

describe('sources', () => {
  it('have 500 lines at most, 80 in the middle and 300 in nine of ten', () => {
    expect(SOURCES.filter((file) => linesOf(file) > 500)).toEqual([]);
    const lengths = SOURCES.filter((file) => /^(?:apps|libs)\//.test(file) && !isSpec(file))
      .map(linesOf)
      .sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(80);
    expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(300);
  });

  it('have names that say what is in them', () => {
    const vague = /^(?:utils?|helpers?|common|shared|misc|manager)(?:\.|$)|\.(?:util|helper|manager)\./;
    const parts = FILES.flatMap((file) => [basename(file), ...dirname(file).split('/')]);
    expect([...new Set(parts.filter((part) => vague.test(part)))]).toEqual([]);
  });

  it('know TypeORM and SQL drivers in persistence alone', () => {
    const importers = SOURCES.filter((file) => /^(?:apps|libs)\//.test(file) && !file.startsWith('libs/persistence/'));
    expect(importers.filter((file) => /from '(?:typeorm|@nestjs\/typeorm|pg)'/.test(read(file)))).toEqual([]);
  });

  it('promise nothing for later and skip no test, except where the machine cannot run it', () => {
    const later = /\b(?:TODO|FIXME|XXX|HACK)\b|(?<! : )\b(?:describe|it|test)\.(?:skip|only)\b|\bx(?:it|describe)\(/;
    expect(SOURCES.filter((file) => !file.endsWith('house-rules.e2e-spec.ts') && later.test(read(file)))).toEqual([]);
  });

  it('reach a lib through its index', () => {
    const deep = /from '(?:@app\/[a-z-]+\/|(?:\.\.\/)+libs\/)/;
    const importers = SOURCES.filter((file) => /^(?:apps|libs)\//.test(file) && !/\.(?:spec|kit)\.ts$/.test(file));
    expect(importers.filter((file) => deep.test(read(file)))).toEqual([]);
  });
});

describe('the compose files', () => {
  interface Service {
    image?: string;
    build?: unknown;
    ports?: string[];
    cap_drop?: string[];
    environment?: Record<string, string>;
  }
  const servicesOf = (file: string): Record<string, Service> =>
    (parse(read(file), { merge: true }) as { services: Record<string, Service> }).services;

  it('publish the ports for sites, viewers and this machine’s operators, and no other', () => {
    const ports = Object.values(servicesOf('docker-compose.yml')).flatMap((service) => service.ports ?? []);
    expect(ports.sort()).toEqual(['127.0.0.1:8080:8080', '127.0.0.1:8090:8090', '5500:5500', '8554:8554']);
    expect(Object.values(servicesOf('docker-compose.site.yml')).flatMap((service) => service.ports ?? [])).toEqual([]);
  });

  it('give no app a capability or a password', () => {
    const services = { ...servicesOf('docker-compose.yml'), ...servicesOf('docker-compose.site.yml') };
    const own = Object.entries(services).filter(([name]) => !['postgres', 'nats'].includes(name));
    expect(own.filter(([, service]) => service.cap_drop?.join() !== 'ALL').map(([name]) => name)).toEqual([]);
    const settings = Object.values(services).flatMap((service) => Object.keys(service.environment ?? {}));
    expect(settings.filter((key) => /PASSWORD|TOKEN|SECRET/.test(key) && !key.endsWith('_FILE'))).toEqual([]);
  });

  it('run a released image of the agent on a site, they do not build it', () => {
    expect(servicesOf('docker-compose.site.yml')['agent']).toMatchObject({ image: '${ADIT_AGENT_IMAGE:-adit/agent}' });
    expect(servicesOf('docker-compose.site.yml')['agent']?.build).toBeUndefined();
  });
});
