import type { OnvifDevice } from './onvif-device.js';
import { escapeXml, listAt, nodeAt, textAt } from './xml.js';

/** A position that the device remembers. */
export interface PtzPreset {
  token: string;
  name: string;
}

/** Velocities in −1 … 1 of the generic velocity space. */
export interface PtzVelocity {
  pan: number;
  tilt: number;
  zoom: number;
}

const MAX_PRESETS = 256;

/** The PTZ service of a device by one of its media profiles (ONVIF PTZ Service). Everything rejects with a MediaError. */
export class Ptz {
  constructor(
    private readonly device: OnvifDevice,
    private readonly profile: string,
  ) {}

  async presets(signal: AbortSignal): Promise<PtzPreset[]> {
    const answer = await this.#call('GetPresets', '', signal);
    const found = listAt(nodeAt(answer, 'GetPresetsResponse'), 'Preset').slice(0, MAX_PRESETS);
    return found.flatMap((node) => {
      const token = textAt(node, '@token');
      return token === undefined ? [] : [{ token, name: textAt(node, 'Name') ?? token }];
    });
  }

  /** @param timeoutMs after which the device stops by itself; without it at its own discretion */
  async move({ pan, tilt, zoom }: PtzVelocity, timeoutMs: number | undefined, signal: AbortSignal): Promise<void> {
    const velocity = `<tt:PanTilt x="${unit(pan)}" y="${unit(tilt)}"/><tt:Zoom x="${unit(zoom)}"/>`;
    const timeout = timeoutMs === undefined ? '' : `<t:Timeout>PT${(timeoutMs / 1_000).toFixed(1)}S</t:Timeout>`;
    await this.#call('ContinuousMove', `<t:Velocity>${velocity}</t:Velocity>${timeout}`, signal);
  }

  async stop(signal: AbortSignal): Promise<void> {
    await this.#call('Stop', '<t:PanTilt>true</t:PanTilt><t:Zoom>true</t:Zoom>', signal);
  }

  async goTo(preset: string, signal: AbortSignal): Promise<void> {
    await this.#call('GotoPreset', `<t:PresetToken>${escapeXml(preset)}</t:PresetToken>`, signal);
  }

  async goHome(signal: AbortSignal): Promise<void> {
    await this.#call('GotoHomePosition', '', signal);
  }

  #call(name: string, content: string, signal: AbortSignal): ReturnType<OnvifDevice['call']> {
    const profile = `<t:ProfileToken>${escapeXml(this.profile)}</t:ProfileToken>`;
    return this.device.call('ptz', `<t:${name}>${profile}${content}</t:${name}>`, signal);
  }
}

const unit = (value: number): number => (Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : 0);
