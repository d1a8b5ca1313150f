export type { SiteCamera } from './accounts/camera-account.js';
export { SiteCameras } from './accounts/site-cameras.js';
export { areaPath } from './areas.js';
export { parseCameraList, type CameraEntry, type CameraStream } from './camera-list.js';
export { CAMERA_LIST_FILE, CameraListFile } from './camera-list.file.js';
export { CAMERA_PROBE_TIMEOUT_MS, probeCamera, type CameraProbe, type CameraProbeOptions } from './camera-probe.js';
export { probeDevice, type DeviceProbe } from './onvif/device-probe.js';
export { serviceUrlOf } from './onvif/onvif-list.js';
export { ONVIF_KNOWN_FILE } from './onvif/known-inventories.js';
export { OnvifConnector, onvifConnectorDefaults, type OnvifConnectorOptions } from './onvif/onvif.connector.js';
export { ONVIF_LIST_FILE, SiteDevices, type SiteDevice } from './onvif/site-devices.js';
export { ConnectorError, type ConnectorErrorCode } from './errors.js';
export {
  RtspConnector,
  rtspConnectorDefaults,
  type RtspConnectorListener,
  type RtspConnectorOptions,
} from './rtsp.connector.js';
