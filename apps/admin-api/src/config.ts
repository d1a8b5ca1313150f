import { hostPort } from '@app/contracts';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
import { cidrList } from '@app/tunnel-dialer';
import { z } from 'zod';

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((value) => value === 'true');

const schema = commonEnvironment.extend({
  ADIT_HTTP_HOST: z.string().min(1).default('127.0.0.1'),
  ADIT_HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** A proxy that ends TLS stands before this app and says so in X-Forwarded-Proto. */
  ADIT_TLS_PROXY: flag,
  /** The listener is reachable through its machine's loopback alone, as a container's port published on 127.0.0.1 is. */
  ADIT_HTTP_LOOPBACK_PUBLISHED: flag,
  /** Where players reach the video redirector; written into stream URLs. */
  ADIT_RTSP_PUBLIC: hostPort.default('127.0.0.1:8554'),
  /** First operator's password, read while there is no operator. */
  ADIT_BOOTSTRAP_PASSWORD_FILE: z.string().min(1).optional(),
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
