import { DeviceFault, field, type Answer } from './onvif-answers.js';

const relayToken = (index: number): string => `relay-${index + 1}`;

const relayOutputs: Answer = (_request, { relays }) =>
  relays
    .map(
      (_active, index) =>
        `<RelayOutputs token="${relayToken(index)}"><tt:Properties><tt:Mode>Bistable</tt:Mode><tt:DelayTime>PT0S</tt:DelayTime><tt:IdleState>open</tt:IdleState></tt:Properties></RelayOutputs>`,
    )
    .join('');

const attribute = (request: string, element: string, name: string): string =>
  new RegExp(`<(?:\\w+:)?${element}\\b[^>]*\\b${name}="([^"]*)"`).exec(request)?.[1] ?? '';

/** What the PTZ and device IO services answer, by the name of the action. */
export const ioAnswers: Record<string, Answer> = {
  GetNodes: () =>
    '<PTZNode token="node-1" FixedHomePosition="false"><tt:Name>node</tt:Name><tt:SupportedPTZSpaces/><tt:MaximumNumberOfPresets>16</tt:MaximumNumberOfPresets><tt:HomeSupported>true</tt:HomeSupported></PTZNode>',
  GetPresets: (_request, { presets }) =>
    presets.map(({ token, name }) => `<Preset token="${token}"><tt:Name>${name}</tt:Name></Preset>`).join(''),
  ContinuousMove: (request, { commands }) => {
    const at = (element: string, name: string): string => attribute(request, element, name);
    commands.push(`move ${at('PanTilt', 'x')} ${at('PanTilt', 'y')} ${at('Zoom', 'x')}`);
    return '';
  },
  Stop: (_request, { commands }) => {
    commands.push('stop');
    return '';
  },
  GotoPreset: (request, { commands, presets }) => {
    const token = field(request, 'PresetToken') ?? '';
    if (!presets.some((preset) => preset.token === token)) throw new DeviceFault('ter:NoToken');
    commands.push(`preset ${token}`);
    return '';
  },
  GotoHomePosition: (_request, { commands }) => {
    commands.push('home');
    return '';
  },
  GetDigitalInputs: (_request, { inputs }) =>
    Array.from({ length: inputs }, (_, index) => `<DigitalInputs token="input-${index + 1}"/>`).join(''),
  GetRelayOutputs: relayOutputs,
  SetRelayOutputState: (request, { relays, commands, events }) => {
    const token = field(request, 'RelayOutputToken') ?? '';
    const active = field(request, 'LogicalState') === 'active';
    const index = relays.findIndex((_active, at) => relayToken(at) === token);
    if (index < 0) throw new DeviceFault('ter:RelayToken');
    relays[index] = active;
    commands.push(`relay ${token} ${active}`);
    events.change('Device/Trigger/Relay', { RelayToken: token }, { LogicalState: active ? 'active' : 'inactive' });
    return '';
  },
};
