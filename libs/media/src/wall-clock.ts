/** Microseconds since 1970. */
export function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

const secondsFrom1900To1970 = 2_208_988_800n;

/** NTP time, 32.32 fixed point, of a moment in microseconds since 1970. */
export function ntpOfUs(us: number): bigint {
  const whole = BigInt(Math.floor(us / 1e6));
  const fraction = BigInt(Math.round(((us % 1e6) / 1e6) * 2 ** 32));
  return ((whole + secondsFrom1900To1970) << 32n) + fraction;
}

/** The reverse, in milliseconds since 1970. */
export function msOfNtp(ntp: bigint): number {
  const seconds = Number(ntp >> 32n) - Number(secondsFrom1900To1970);
  return seconds * 1000 + (Number(ntp & 0xffff_ffffn) / 2 ** 32) * 1000;
}
