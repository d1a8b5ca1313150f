/** What a federation host may ask of an entity (`Execute` of the directory protocol). */
export type SiteCommand =
  /**
   * Velocities in −1 … 1 (ONVIF generic space), until the next move or stop. A device that can is told to stop by itself
   * after `timeoutMs`, so that the death of this process leaves no camera turning.
   */
  | { kind: 'ptz-move'; pan: number; tilt: number; zoom: number; timeoutMs?: number }
  | { kind: 'ptz-stop' }
  | { kind: 'ptz-preset'; preset: string }
  | { kind: 'ptz-home' }
  | { kind: 'set-output'; active: boolean }
  | { kind: 'set-recording'; recording: boolean }
  /** Of this entity: an alarm of another one is refused, as the account may not see that. */
  | { kind: 'acknowledge-alarm'; alarmId: string };

/** `reason` begins with a stable code. */
export type CommandOutcome =
  { outcome: 'done' } | { outcome: 'refused'; reason: string } | { outcome: 'unsupported'; reason: string };
