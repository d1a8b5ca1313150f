/** What stands below the options of each command. */
export const HELP = {
  program: `
Exit codes: 0 done, 1 checked and found wanting, 64 wrong usage, 65 bad keyfile, 66 no keyfile, identity or state,
69 cloud not reachable, 70 unexpected, 73 state directory, 75 port in use, 76 enrolment refused, 77 not confirmed,
78 configuration. docs/agent.md explains each.`,
  inspect: `
Examples:
  adit-agent inspect hamburg.keyfile
  adit-agent inspect -            paste the keyfile
  adit-agent inspect --passphrase-file passphrase.txt hamburg.keyfile
Of a sealed keyfile only id and end show without its passphrase.
Exit codes: 0, 65 bad keyfile, 66 no such file, 77 --strict.`,
  enrol: `
Examples:
  adit-agent enrol hamburg.keyfile
  adit-agent enrol - --expect-fingerprint 7QK2-M9XD-0VTA < hamburg.keyfile
Exit codes: 0 enrolled (also when it was before), 65, 66, 69 no endpoint answered, 73, 76 refused by the cloud, 77.`,
  run: `
Examples:
  adit-agent run
  adit-agent run --state /var/lib/adit --keyfile /run/secrets/keyfile
  adit-agent run --uplink-limit 10Mbit/s
A keyfile that is given to run is used without a question: giving it is the consent. With an identity, the keyfile it
came from is ignored, so it may stay mounted.
Exit codes: 0 after SIGTERM or SIGINT, 65, 66, 73, 75, 76, 77, 78.`,
  status: `
Examples:
  adit-agent status
  adit-agent status --check       for container health checks
Exit codes: 0, 1 with --check when the tunnel is not up, 66 no state directory.`,
  events: `
Examples:
  adit-agent events
  adit-agent events --last 100 --json
Exit codes: 0, 66 no state directory, 73 the store cannot be read.`,
  renew: `
Example:
  adit-agent renew
The agent does it by itself at two thirds of the certificate's life; no channel is interrupted.
Exit codes: 0 renewed, 1 not renewed, 66 no state directory, 69 no agent runs, or no outcome in time.`,
  check: `
Examples:
  adit-agent check --keyfile hamburg.keyfile
  adit-agent check --json
Exit codes: 0 nothing failed (warnings may be there), 1 something failed.`,
  diag: `
Examples:
  adit-agent diag
  adit-agent diag --last 20 --json
Looks at what check looks at, asks the running agent's status for tunnel, uplink, renewal and events, and shows the times
without a tunnel with their reasons. Works whether the agent runs or not. docs/site-diagnosis.md explains each code.
Exit codes: 0 nothing failed (warnings may be there), 1 something is wrong, 66 no state directory.`,
  support: `
Examples:
  adit-agent support
  adit-agent support -o /tmp/site.zip --force
A ZIP file for whoever helps: versions, settings, status, diagnosis, record of outages, lists of cameras and devices.
No key, password or token is in it, and no user, password or query of an address.
Exit codes: 0, 66 no state directory, 73 the file is there already, or cannot be written.`,
  reset: `
Example:
  adit-agent reset --yes
Exit codes: 0, 66 no state directory, 73 the agent still runs, 77 not confirmed.`,
  camera: `
Examples:
  adit-agent camera add rtsp://viewer@192.0.2.10/stream1 --name 'Front door'
  adit-agent camera password front-door
  adit-agent camera list
  adit-agent camera test`,
  cameraAdd: `
Examples:
  adit-agent camera add rtsp://viewer@192.0.2.10/high --low rtsp://192.0.2.10/low --name 'Gate'
  printf %s "$PASSWORD" | adit-agent camera add rtsp://viewer@192.0.2.10/ --password-stdin
The password is asked for and kept encrypted in this site's state directory. A running agent sees the camera within two
seconds. --transport auto takes UDP where the camera refuses TCP, and TCP where no datagram arrives.
Exit codes: 0, 1 the camera does not answer or its id is taken, 64 not an RTSP URL, or one with a password, 66 no password, 73.`,
  cameraList: `
Example:
  adit-agent camera list --json
Exit codes: 0, 66 no state directory.`,
  cameraRemove: `
Example:
  adit-agent camera remove front-door
Exit codes: 0, 1 no such camera, 66 no state directory.`,
  cameraTest: `
Examples:
  adit-agent camera test
  adit-agent camera test front-door
Exit codes: 0 all of them answer, 1 one does not, 64 no such camera, 66 no state directory.`,
  cameraPassword: `
Examples:
  adit-agent camera password front-door
  printf %s "$PASSWORD" | adit-agent camera password front-door --user viewer --password-stdin
Exit codes: 0, 1 the key of the store is damaged, 64 no such camera, or it has no user yet, 66 no password or state.`,
  cameraImport: `
Example:
  adit-agent camera import
The list is written anew without them. What was written before may still be found on the disk: change the passwords where
that matters.
Exit codes: 0, 1 a camera has two accounts at one host, 66 no state directory.`,
  onvif: `
Examples:
  adit-agent discover
  adit-agent onvif add 192.0.2.20 --user viewer --name 'Gate' --area North/Entrance
  printf %s "$PASSWORD" | adit-agent onvif add 192.0.2.20:8080 --user viewer --password-stdin
  adit-agent onvif password gate-192-0-2-20
The password is asked for and kept encrypted in this site's state directory. A running agent sees the device within two
seconds.
Exit codes: 0, 1 the device does not answer or its id is taken, 64 no address, or one with an account, 66 no password, 73.`,
  onvifList: `
Example:
  adit-agent onvif list --json
Exit codes: 0, 66 no state directory.`,
  onvifRemove: `
Example:
  adit-agent onvif remove gate-192-0-2-20
Exit codes: 0, 1 no such device, 66 no state directory.`,
  onvifPassword: `
Examples:
  adit-agent onvif password gate-192-0-2-20
  printf %s "$PASSWORD" | adit-agent onvif password gate-192-0-2-20 --user viewer --password-stdin
Exit codes: 0, 1 the key of the store is damaged, 64 no such device, or it has no user yet, 66 no password or state.`,
  discover: `
Examples:
  adit-agent discover
  adit-agent discover --timeout 10 --json
Asks by multicast (WS-Discovery). In a container this needs the network of the machine. What answers is not proven to be
what it says; nothing is added, and no account is sent.
Exit codes: 0 something answered, 1 nothing did.`,
  user: `
Examples:
  adit-agent user add federation
  adit-agent user add federation --allow live,playback,events
  adit-agent user add guard --allow live,ptz --areas hall --level 100
  printf %s "$PASSWORD" | adit-agent user add federation --password-stdin
  adit-agent user allow federation --allow live
Without --allow an account may watch live video; it sees all entities unless cameras or areas are named.
Exit codes: 0, 64 bad name, password or rights, or no such account, 73.`,
} as const;
