import type { OnvifDevice } from './onvif-device.js';
import { escapeXml, listAt, nodeAt, textAt } from './xml.js';

/** A relay output; a monostable one goes back by itself. */
export interface RelayOutput {
  token: string;
  isBistable: boolean;
}

const MAX_TOKENS = 256;

/** Tokens of the digital inputs (ONVIF Device IO Service). Rejects with a MediaError. */
export const digitalInputs = async (device: OnvifDevice, signal: AbortSignal): Promise<string[]> => {
  const answer = await device.call('deviceIo', '<t:GetDigitalInputs/>', signal);
  const found = listAt(nodeAt(answer, 'GetDigitalInputsResponse'), 'DigitalInputs').slice(0, MAX_TOKENS);
  return found.map((node) => textAt(node, '@token')).filter((token) => token !== undefined);
};

/** Relay outputs of the device service, which has them with and without Device IO. Rejects with a MediaError. */
export const relayOutputs = async (device: OnvifDevice, signal: AbortSignal): Promise<RelayOutput[]> => {
  const answer = await device.call('device', '<t:GetRelayOutputs/>', signal);
  const found = listAt(nodeAt(answer, 'GetRelayOutputsResponse'), 'RelayOutputs').slice(0, MAX_TOKENS);
  return found.flatMap((node) => {
    const token = textAt(node, '@token');
    return token === undefined ? [] : [{ token, isBistable: textAt(node, 'Properties', 'Mode') !== 'Monostable' }];
  });
};

/** Rejects with a MediaError. */
export const setRelayOutput = async (
  device: OnvifDevice,
  token: string,
  isActive: boolean,
  signal: AbortSignal,
): Promise<void> => {
  const state = `<t:LogicalState>${isActive ? 'active' : 'inactive'}</t:LogicalState>`;
  const asked = `<t:RelayOutputToken>${escapeXml(token)}</t:RelayOutputToken>${state}`;
  await device.call('device', `<t:SetRelayOutputState>${asked}</t:SetRelayOutputState>`, signal);
};
