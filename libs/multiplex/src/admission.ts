import type { HelloFields } from './handshake.js';
import type { Admission, AdmittedHello, SessionOptions } from './session-options.js';

/** Asks the application who may come in. One that fails, or takes a resume for a new session, lets nobody in. */
export async function askAdmission(
  admit: SessionOptions['admit'],
  hello: HelloFields,
  nowMs: number,
): Promise<Admission> {
  const { instanceId, agentVersion, platform, wallClockMs, lane, resumeSessionId } = hello;
  const asked: AdmittedHello = {
    ...{ instanceId, agentVersion, platform, wallClockMs, lane },
    skewMs: wallClockMs - nowMs,
    ...(resumeSessionId === undefined ? {} : { resumeSessionId }),
  };
  try {
    const admission = (await admit?.(asked)) ?? { refuse: { code: 'admission-failed' } };
    const fresh = 'sessionId' in admission;
    return fresh && resumeSessionId !== undefined ? { refuse: { code: 'resume-refused' } } : admission;
  } catch {
    return { refuse: { code: 'admission-failed' } };
  }
}
