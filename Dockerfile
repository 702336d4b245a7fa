# The image has the program, certificates to check others' by, and nothing else: no shell, no package manager, no root.
#
#   docker build -t difygraph .
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v1.2.3 --build-arg REVISION=$(git rev-parse HEAD) .
#   docker run --rm -p 8080:8080 -e DIFYGRAPH_AUTH=none difygraph      sample data
#
# To end it in peace, requests under way have 20 s and the rest 5: docker run --stop-timeout 30, since Docker gives 10.
#
# Go is the version of go.mod, so that nothing else is fetched. Everything is built on the machine's own platform, for that of the
# image: nothing is emulated.

FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS source
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .

# GraphiQL is fetched where npm is, by a program that is made where Go is.
FROM source AS fetch
RUN CGO_ENABLED=0 go build -trimpath -o /fetch ./internal/playground/graphiql/fetch

FROM --platform=$BUILDPLATFORM node:24.11.0-bookworm-slim AS graphiql
COPY --from=fetch /fetch /usr/local/bin/fetch
COPY internal/playground/graphiql /graphiql
RUN fetch /graphiql

# Without C the program needs no library of the system.
FROM source AS build
COPY --from=graphiql /graphiql/bundle internal/playground/graphiql/bundle
ARG TARGETOS TARGETARCH VERSION
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w -X main.release=$VERSION" -o /difygraph .

FROM scratch
ARG VERSION REVISION
LABEL org.opencontainers.image.title="difygraph" \
      org.opencontainers.image.description="One GraphQL API over the workflow logs of many Dify apps" \
      org.opencontainers.image.source="https://github.com/difygraph/difygraph" \
      org.opencontainers.image.documentation="https://github.com/difygraph/difygraph/tree/main/docs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /difygraph /difygraph
# No user of this number is known anywhere, and Kubernetes sees by the number that it is not root.
USER 65532:65532
# It wins over the file. On an address that others reach the server starts only where it is told who may call.
ENV DIFYGRAPH_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/difygraph", "healthcheck"]
ENTRYPOINT ["/difygraph"]
