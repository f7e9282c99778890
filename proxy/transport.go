package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

const (
	// An idle connection is given up before common servers do (60 s and
	// more): a call sent on one that the upstream is closing fails.
	upstreamIdle       = 50 * time.Second
	keepAlivePeriod    = 15 * time.Second
	maxAnswerHeader    = 1 << 20
	pingAfter          = 15 * time.Second // silence before an HTTP/2 connection is tested
	pingTimeout        = 5 * time.Second
	defaultConnections = 64
)

// transportFor returns the connection pool of an upstream: that of the old view where nothing
// about it changed, so that a reload keeps warm connections.
func (p *Proxy) transportFor(name string, u config.Upstream, cfg *config.Config, old *view) (*http.Transport, error) {
	if old != nil {
		before, same := old.cfg.Upstreams[name]
		if same && before.URL == u.URL && before.CAFile == u.CAFile && before.Proxy == u.Proxy &&
			connections(before, old.cfg) == connections(u, cfg) && old.cfg.Timeouts.Connect == cfg.Timeouts.Connect && u.CAFile == "" {
			for _, up := range old.upstreams {
				if up.name == name {
					return up.transport, nil
				}
			}
		}
	}
	return p.newTransport(name, u, cfg)
}

func connections(u config.Upstream, cfg *config.Config) int {
	if u.Connections > 0 {
		return u.Connections
	}
	if limit, ok := cfg.Limits[u.Limit]; ok && limit.Concurrency > 0 {
		return limit.Concurrency
	}
	return defaultConnections
}

func (p *Proxy) newTransport(name string, u config.Upstream, cfg *config.Config) (*http.Transport, error) {
	dial := p.dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: cfg.Timeouts.Connect, KeepAlive: keepAlivePeriod}).DialContext
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	if u.CAFile != "" {
		pem, err := os.ReadFile(u.CAFile)
		if err != nil {
			return nil, fmt.Errorf("upstreams.%s.ca_file: %w", name, err)
		}
		tlsConfig.RootCAs = x509.NewCertPool()
		if !tlsConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("upstreams.%s.ca_file: %s holds no PEM certificate", name, u.CAFile)
		}
	}
	outbound, err := outboundProxy(u.Proxy, u.URL)
	if err != nil {
		return nil, fmt.Errorf("upstreams.%s.proxy: %w", name, err)
	}
	t := &http.Transport{
		Proxy:                  outbound,
		DialContext:            counted(dial),
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    cfg.Timeouts.Connect,
		MaxIdleConnsPerHost:    connections(u, cfg),
		IdleConnTimeout:        upstreamIdle,
		MaxResponseHeaderBytes: maxAnswerHeader,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // bodies pass as they are
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
	if u.Connections > 0 {
		t.MaxConnsPerHost = u.Connections
	}
	return t, nil
}

// outboundProxy is the proxy towards an upstream, nil for none. Neither the upstream nor
// the environment changes while the process runs, so the latter is asked once.
func outboundProxy(setting, upstream string) (func(*http.Request) (*url.URL, error), error) {
	var proxy *url.URL
	var err error
	switch setting {
	case config.NoProxy:
	case "":
		target, parseErr := url.Parse(upstream)
		if parseErr != nil {
			return nil, parseErr
		}
		proxy, err = http.ProxyFromEnvironment(&http.Request{URL: target})
	default:
		proxy, err = url.Parse(setting)
	}
	if err != nil || proxy == nil {
		return nil, err
	}
	return http.ProxyURL(proxy), nil
}
