package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair writes a self-signed certificate for loopback and its key, and returns it.
func writePair(t *testing.T, certFile, keyFile string, serial int64) *x509.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, certErr := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	encoded, keyErr := x509.MarshalPKCS8PrivateKey(private)
	parsed, parseErr := x509.ParseCertificate(der)
	if err := errors.Join(
		certErr, keyErr, parseErr,
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestTLSListener calls the proxy over TLS, with HTTP/1.1 and HTTP/2, and replaces its
// certificate while it runs.
func TestTLSListener(t *testing.T) {
	t.Parallel()
	_, upstream := startSimulator(t)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	trusted := x509.NewCertPool()
	trusted.AddCert(writePair(t, certFile, keyFile, 1))
	g := startGate(t, append(upstreamEnv(upstream), "CLEENGATE_TLS_CERT_FILE="+certFile, "CLEENGATE_TLS_KEY_FILE="+keyFile))
	if !strings.HasPrefix(g.url, "https://127.0.0.1:") {
		t.Fatalf("it says that it listens on %s", g.url)
	}
	get := func(http2 bool) *http.Response {
		transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted}, ForceAttemptHTTP2: http2}
		defer transport.CloseIdleConnections()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.url+"/3.1/offers", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatalf("%v\n%s", err, g.log)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.Header.Get("X-Request-Id") == "" {
			t.Errorf("%d without a request id: %v", resp.StatusCode, resp.Header)
		}
		return resp
	}
	for _, http2 := range []bool{false, true} {
		want := map[bool]int{false: 1, true: 2}[http2]
		if resp := get(http2); resp.ProtoMajor != want {
			t.Errorf("HTTP/%d, want HTTP/%d", resp.ProtoMajor, want)
		}
	}
	trusted.AddCert(writePair(t, certFile, keyFile, 2))
	eventually(t, "the replaced certificate", func() bool { return get(false).TLS.PeerCertificates[0].SerialNumber.Int64() == 2 })
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d\n%s", status, g.log)
	}
}
