# A static binary on an empty image. It runs as a numeric user, with a
# read-only root; the only thing it may want to write is state_dir.
#
# It listens on loopback unless told otherwise: to reach it from outside the
# container, share its network namespace (deploy/compose.yaml), or set
# CLEENGATE_LISTEN=0.0.0.0:8401 together with a client token.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/cleengate ./cmd/cleengate

FROM scratch
LABEL org.opencontainers.image.title="cleengate" \
      org.opencontainers.image.description="A local proxy that keeps 401 and 429 away from apps that call Cleeng" \
      org.opencontainers.image.source="https://github.com/cleengate/cleengate" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/cleengate /cleengate
USER 65532:65532
ENV CLEENGATE_STATE_DIR=none
HEALTHCHECK --interval=10s --timeout=3s --start-period=2s CMD ["/cleengate", "health"]
ENTRYPOINT ["/cleengate"]
CMD ["serve"]
