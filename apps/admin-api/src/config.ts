import { hostPort } from '@app/contracts';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { cidrList } from '@app/tunnel-dialer';
import { z } from 'zod';
import { isRole, type Role } from './access/role.js';

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Passwords and codes go there. */
const secureUrl = z
  .url()
  .transform((value) => new URL(value))
  .refine(
    ({ protocol, hostname }) => protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname)),
    'an https URL; http for loopback alone',
  );

/** `value=role[,value=role]`; what stands before the last equals sign is the claim's value. */
const roleMap = z
  .string()
  .default('')
  .transform((text, context) => {
    const roles = new Map<string, Role>();
    for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
      const at = pair.lastIndexOf('=');
      const [value, role] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
      if (at > 0 && value !== '' && isRole(role)) roles.set(value, role);
      else context.addIssue({ code: 'custom', message: `${pair.trim()} is not <claim value>=<role>` });
    }
    return roles;
  });

const tenantList = z
  .string()
  .default('')
  .transform((list) =>
    list
      .toLowerCase()
      .split(',')
      .map((id) => id.trim())
      .filter(Boolean),
  )
  .pipe(z.array(z.uuid('ids of tenants, separated by commas')));

const schema = commonEnvironment.extend({
  ADIT_HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  ADIT_HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** A proxy that ends TLS stands before this app and says so in X-Forwarded-Proto. */
  ADIT_TLS_PROXY: flag,
  /** Where it connects from: what anybody else says in X-Forwarded-* is not believed. */
  ADIT_TLS_PROXY_FROM: cidrList.prefault('127.0.0.0/8,::1/128'),
  /** The listener is reachable through its machine's loopback alone, as a container's port published on 127.0.0.1 is. */
  ADIT_HTTP_LOOPBACK_PUBLISHED: flag,
  /** Of one address, signed in or not. */
  ADIT_HTTP_ADDRESS_REQUESTS_PER_10_S: z.coerce.number().int().min(1).max(1_000_000).default(10_000),
  /** Of one signed-in caller. */
  ADIT_HTTP_CALLER_REQUESTS_PER_10_S: z.coerce.number().int().min(1).max(1_000_000).default(5_000),
  /** Where players reach the video redirector; written into stream URLs. */
  ADIT_RTSP_PUBLIC: hostPort.default('127.0.0.1:8554'),
  /** Where browsers reach the page of the video redirector; written into view tickets. */
  ADIT_PLAY_PUBLIC: secureUrl.optional(),
  /** First operator's password, read while there is no operator. */
  ADIT_BOOTSTRAP_PASSWORD_FILE: z.string().min(1).optional(),
  /** A session ends this long after its last request. */
  ADIT_SESSION_IDLE_SECONDS: z.coerce.number().int().min(1).max(86_400).default(3_600),
  /** A session ends this long after it was opened. */
  ADIT_SESSION_LIFETIME_SECONDS: z.coerce.number().int().min(1).max(604_800).default(43_200),
  /** OpenID Connect: `iss` of the provider; with it the next two. */
  ADIT_OIDC_ISSUER: secureUrl.optional(),
  ADIT_OIDC_CLIENT_ID: z.string().min(1).optional(),
  /** As registered at the provider: `<public address of this app>/api/v1/oidc/callback`. */
  ADIT_OIDC_REDIRECT_URL: secureUrl.optional(),
  /** A confidential client's; a public one has none. */
  ADIT_OIDC_CLIENT_SECRET_FILE: z.string().min(1).optional(),
  ADIT_OIDC_SCOPES: z
    .string()
    .regex(/^openid(?: \S+)*$/, 'openid and further scopes, separated by spaces')
    .default('openid profile'),
  /** A claim of the ID token whose values give roles, also to somebody new; with it the next. */
  ADIT_OIDC_ROLES_CLAIM: z.string().min(1).optional(),
  ADIT_OIDC_ROLES: roleMap,
  /** Tenants besides the provider's whose administrators may say who of the identity provider is their operator. */
  ADIT_OIDC_TENANTS: tenantList,
  /** View tickets may be first used within 24 h. */
  ADIT_DEMO: flag,
  /** Private or loopback ranges that webhooks may reach. */
  ADIT_WEBHOOK_ALLOW_CIDRS: cidrList,
  /** PEM of certificate authorities that receivers may have besides the public ones. */
  ADIT_WEBHOOK_CA_FILE: z.string().min(1).optional(),
  /** A webhook that has failed for so long is switched off. */
  ADIT_WEBHOOK_DISABLE_DAYS: z.coerce.number().int().min(1).max(365).default(5),
  /** How long the log of deliveries is kept. */
  ADIT_WEBHOOK_LOG_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  /** How long a site has to be down, or up, before anybody is told. */
  ADIT_OFFLINE_GRACE_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
  /** What is due within so much time is told as one outage. */
  ADIT_OUTAGE_WINDOW_SECONDS: z.coerce.number().int().min(0).max(3_600).default(10),
});

export type AdminConfig = z.infer<typeof schema>;

export const readConfig = (): AdminConfig => parseEnvironment(schema, process.env);
