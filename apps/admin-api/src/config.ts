import { hostPort } from '@app/contracts';
import { commonEnvironment, parseEnvironment } from '@app/runtime';
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
  /** A session ends this long after its last request. */
  ADIT_SESSION_IDLE_SECONDS: z.coerce.number().int().min(1).max(86_400).default(3_600),
  /** A session ends this long after it was opened. */
  ADIT_SESSION_LIFETIME_SECONDS: z.coerce.number().int().min(1).max(604_800).default(43_200),
  /** View tickets may be first used within 24 h. */
  ADIT_DEMO: flag,
});

export type AdminConfig = z.infer<typeof schema>;

export const readConfig = (): AdminConfig => parseEnvironment(schema, process.env);
