# One target per app: docker build --target <app> .     (docs/containers.md)
# The base has Node 24 and npm; both amd64 and arm64 have it, and nothing below compiles.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No package needs its install script; `npm ci` refuses lock files without the other platforms' optional binaries.
RUN npm install --ignore-scripts --no-audit --no-fund
COPY . .
# The embedded PostgreSQL and Node are for machines without containers: both are optional packages.
RUN npm run build && npm prune --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund \
    && install -d -m 0700 /empty/state

FROM ${NODE_IMAGE} AS runtime
# The young generation as the launcher sets it (tools/launcher/app-process.mjs).
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=8
WORKDIR /app
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/package.json package.json
COPY --from=build /src/dist dist
# A named volume that is mounted here for the first time takes over owner and mode. No VOLUME: an anonymous one would look
# like a lasting state to the agent, and goes with its container.
COPY --from=build --chown=10001:10001 /empty/state /var/lib/adit

# Prepares secrets, database and the ready block; runs as root because it gives each app its own files.
FROM runtime AS provision
COPY --from=build /src/tools tools
ENTRYPOINT ["node"]
CMD ["tools/provision-containers.mjs", "/secrets", "10001:10001"]

FROM runtime AS cloud-app
USER 10001:10001
ENV ADIT_SECRETS_DIR=/run/adit \
    ADIT_PUBLIC_KEYS_FILE=/run/adit-public/public-keys.json \
    ADIT_NATS_NKEY_FILE=/run/adit/nats.nk \
    ADIT_HEALTH_PORT=9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.ADIT_HEALTH_PORT + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

FROM cloud-app AS admin-api
ENV ADIT_HTTP_HOST=0.0.0.0 ADIT_BOOTSTRAP_PASSWORD_FILE=/run/adit/first-password
EXPOSE 8080
CMD ["node", "--env-file-if-exists=/run/adit/database.env", "dist/apps/admin-api/src/main.js"]

FROM cloud-app AS keyfile-issuer
ENV ADIT_DATA_DIR=/var/lib/adit
CMD ["node", "--env-file-if-exists=/run/adit/database.env", "dist/apps/keyfile-issuer/src/main.js"]

FROM cloud-app AS tunnel-broker
ENV ADIT_DATA_DIR=/var/lib/adit ADIT_TUNNEL_HOST=0.0.0.0
EXPOSE 5500
CMD ["node", "--env-file-if-exists=/run/adit/database.env", "dist/apps/tunnel-broker/src/main.js"]

FROM cloud-app AS federation
CMD ["node", "--env-file-if-exists=/run/adit/database.env", "dist/apps/federation/src/main.js"]

FROM cloud-app AS video-redirector
COPY --from=build /src/apps/video-redirector/web apps/video-redirector/web
ENV ADIT_RTSP_HOST=0.0.0.0 ADIT_PLAY_HOST=0.0.0.0
EXPOSE 8554 8090
CMD ["node", "--env-file-if-exists=/run/adit/database.env", "dist/apps/video-redirector/src/main.js"]

FROM runtime AS demo-camera
COPY --from=build /src/apps/demo-camera/clips apps/demo-camera/clips
USER 10001:10001
EXPOSE 8555
CMD ["node", "dist/apps/demo-camera/src/main.js", "--bind", "0.0.0.0", "--port", "8555"]

FROM runtime AS agent
COPY --from=build /src/bin bin
RUN ln -s /app/bin/adit-agent /usr/local/bin/adit-agent
USER 10001:10001
ENV ADIT_CONTAINER=1 ADIT_STATE_DIR=/var/lib/adit
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["adit-agent", "status", "--check"]
ENTRYPOINT ["adit-agent"]
CMD ["run"]
