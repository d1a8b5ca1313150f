/** One line of `adit-agent check` or `diag`. Codes are stable. */
export interface Finding {
  /** What was looked at: keyfile, identity, proxy, dns, tcp, tls, clock, camera, onvif, discovery, state; by diag also agent, tunnel, renewal, uplink, events, record, disk. */
  subject: string;
  target: string;
  code: string;
  /** `warning`: something is wrong that does not keep the site from working. */
  level: 'ok' | 'warning' | 'failure';
  detail: string;
  advice?: string;
}

export const ok = (subject: string, target: string, code: string, detail: string): Finding => ({
  subject,
  target,
  code,
  level: 'ok',
  detail,
});

export const failure = (subject: string, target: string, error: unknown): Finding => {
  const { code = 'failed', message = String(error) } = error as { code?: string; message?: string };
  const advice = (error as { advice?: string }).advice;
  const base = { subject, target, code, level: 'failure', detail: message } as const;
  return advice === undefined ? base : { ...base, advice };
};
