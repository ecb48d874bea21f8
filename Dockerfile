# The worker, and with other commands the client and the sandbox tenant.
FROM node:20-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
COPY deploy/runtime-manifest.js ./deploy/
RUN npm run build && node deploy/runtime-manifest.js && npm prune --omit=dev

FROM node:20-bookworm-slim
# A private CA comes by NODE_EXTRA_CA_CERTS; the system's own are for the native Temporal client.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production
COPY --from=build /build/package.json /opt/anaplan-temporal/
COPY --from=build /build/node_modules /opt/anaplan-temporal/node_modules
COPY --from=build /build/lib /opt/anaplan-temporal/lib
RUN chmod +x /opt/anaplan-temporal/lib/cli/main.js \
  && ln -s /opt/anaplan-temporal/lib/cli/main.js /usr/local/bin/anaplan-temporal \
  && install -d -o node -g node /data
# The working directory is the root for local files.
WORKDIR /data
USER node
ENTRYPOINT ["anaplan-temporal"]
CMD ["worker"]
