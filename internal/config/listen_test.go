package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestListenLoopback(t *testing.T) {
	for text, want := range map[string]bool{
		"127.0.0.1:8401": true, "127.9.8.7:0": true, "[::1]:1": true, "localhost:80": true, "LOCALHOST:80": true, "[::ffff:127.0.0.1]:1": true, "unix:/run/x.sock": true,
		"0.0.0.0:8401": false, ":8401": false, "[::]:8401": false, "10.0.0.1:80": false, "host.example:80": false, "localhost.example:80": false, "127.0.0.1.nip.example:80": false,
	} {
		address, err := ParseListen(text)
		if err != nil || address.Loopback() != want {
			t.Errorf("%s is loopback: %v (%v), want %v", text, address.Loopback(), err, want)
		}
	}
}

func TestParseListenRefuses(t *testing.T) {
	for _, text := range []string{"", "8401", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "unix:", "unix:x", "http://127.0.0.1:80", "a b:80", "-a:80", "a..b:80"} {
		if address, err := ParseListen(text); err == nil {
			t.Errorf("%q is taken for %v", text, address)
		}
	}
}

// TestListenersTogether covers which addresses may be shared or wide.
func TestListenersTogether(t *testing.T) {
	const token = "guard: {client_token: a-client-token-0123}\n"
	for file, want := range map[string]string{
		"listen: 127.0.0.1:0\nadmin: {listen: 127.0.0.1:0}":                                                       "",
		"admin: {metrics_listen: 0.0.0.0:9090}":                                                                   "",
		"admin: {metrics_listen: 127.0.0.1:8402}":                                                                 "f.yaml:1: admin.metrics_listen: admin.listen and admin.metrics_listen are the same address",
		"upstreams: {core: {listen: 127.0.0.1:9000, prefix: /}, rpc: {listen: 127.0.0.1:9000}}":                   "",
		"upstreams: {core: {listen: 127.0.0.1:9000, prefix: /}, rpc: {listen: 127.0.0.1:9001, prefix: /}}":        "",
		"upstreams: {core: {listen: 127.0.0.1:9000, prefix: /}, rpc: {listen: 127.0.0.1:9000, prefix: /}}":        "f.yaml:1: upstreams.rpc.prefix: \"/\" is also the prefix of upstreams.core on the same listener",
		"upstreams: {core: {listen: 127.0.0.1:8401}}":                                                             "f.yaml:1: upstreams.core.listen: listen and upstreams.core.listen are the same address",
		token + "listen: 0.0.0.0:8401":                                                                            "",
		token + "upstreams: {core: {listen: ':9000'}}":                                                            "",
		token + "admin: {listen: 0.0.0.0:8402}":                                                                   "f.yaml:2: admin.listen: \"0.0.0.0:8402\" is reachable",
		"admin: {listen: 0.0.0.0:8402, token: an-admin-token-0123}":                                               "",
		"listen: 0.0.0.0:8401\nclients: {tv: {token: a-client-token-0123}}":                                       "f.yaml:1: listen: \"0.0.0.0:8401\" is reachable",
		"guard: {client_token_file: missing}\nlisten: 0.0.0.0:8401":                                               "f.yaml:1: guard.client_token_file: the file \"missing\" cannot be read",
		"upstreams: {core: {url: 'http://[::1]:9000'}, rpc: {url: 'http://localhost:9000/'}}":                     "",
		"upstreams: {core: {url: 'http://127.0.0.1.nip.example:9000'}}":                                           "f.yaml:1: upstreams.core.url: \"http://127.0.0.1.nip.example:9000\" would send credentials unencrypted",
		"upstreams: {a: {url: 'https://a.example', prefix: /a/, proxy: 'socks5://[::1]:1080', credential: nope}}": "f.yaml:1: upstreams.a.credential: \"nope\" is not defined under credentials",
	} {
		_, err := assemble(Options{}, nil, parseFile("f.yaml", []byte(file)))
		if got := message(err); want == "" && got != "" || !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
			t.Errorf("%s\ngot  %q\nwant %q…", file, got, want)
		}
	}
}

// certificate writes a self-signed pair and returns its files.
func certificate(t *testing.T, mode os.FileMode) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), mode),
		os.Chmod(key, mode),
	); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestTLSPair(t *testing.T) {
	cert, key := certificate(t, 0o644)
	_, foreign := certificate(t, 0o600)
	cfg, err := assemble(Options{}, nil, parseFile("f.yaml", []byte("tls: {cert_file: "+cert+", key_file: "+key+"}\nupstreams: {core: {ca_file: "+cert+"}}")))
	if err != nil || !cfg.TLS.Enabled() {
		t.Fatalf("a good pair is refused: %v", err)
	}
	if warnings := strings.Join(cfg.Warnings(), "\n"); !strings.Contains(warnings, "tls.key_file") {
		t.Errorf("no warning of the readable key in %q", warnings)
	}
	_, err = assemble(Options{}, nil, parseFile("f.yaml", []byte("tls: {cert_file: "+cert+", key_file: "+foreign+"}")))
	if err == nil || !strings.Contains(err.Error(), "private key does not match") {
		t.Errorf("a foreign key gives %v", err)
	}
}

func TestStateDirectory(t *testing.T) {
	cases := []struct {
		configured  string
		environment map[string]string
		home, want  string
	}{
		{"none", map[string]string{"STATE_DIRECTORY": "/var/lib/x"}, "/home/me", ""},
		{"/data", map[string]string{"STATE_DIRECTORY": "/var/lib/x"}, "/home/me", "/data"},
		{"data", nil, "", "data"},
		{"", map[string]string{"STATE_DIRECTORY": "/var/lib/x:/var/lib/y", "XDG_STATE_HOME": "/state"}, "/home/me", "/var/lib/x"},
		{"", map[string]string{"XDG_STATE_HOME": "/state"}, "/home/me", filepath.Join("/state", "cleengate")},
		{"", map[string]string{"XDG_STATE_HOME": "relative"}, "/home/me", filepath.Join("/home/me", ".local", "state", "cleengate")},
		{"", nil, "", ""},
	}
	for _, c := range cases {
		home := func() (string, error) {
			if c.home == "" {
				return "", errors.New("$HOME is not defined")
			}
			return c.home, nil
		}
		got, kept := stateDirectory(c.configured, func(name string) string { return c.environment[name] }, home)
		if got != c.want || kept != (c.want != "") {
			t.Errorf("%+v: got %q, %v", c, got, kept)
		}
	}
}

func TestStateDirectoryOfConfig(t *testing.T) {
	cfg := Default()
	cfg.StateDir = memoryOnly
	if dir, kept := cfg.StateDirectory(os.Getenv); dir != "" || kept {
		t.Errorf("none keeps state in %q", dir)
	}
	cfg.StateDir = ""
	environment := func(name string) string { return map[string]string{"STATE_DIRECTORY": "/var/lib/cleengate"}[name] }
	if dir, kept := cfg.StateDirectory(environment); dir != "/var/lib/cleengate" || !kept {
		t.Errorf("got %q, %v, want what systemd gives", dir, kept)
	}
}
