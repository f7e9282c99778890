package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/config"
)

// newPair makes a self-signed certificate with this serial number, as PEM.
func newPair(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, certErr := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	encoded, keyErr := x509.MarshalPKCS8PrivateKey(private)
	if err := errors.Join(certErr, keyErr); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

// A replaced pair is served after at most certificateAge; one that is half replaced,
// unusable or gone leaves the one before, and the log says so once.
func TestReplacedCertificateIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config.TLS{CertFile: filepath.Join(t.TempDir(), "cert.pem"), KeyFile: filepath.Join(t.TempDir(), "key.pem")}
		write := func(file string, content []byte) {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var log bytes.Buffer
		if _, err := tlsConfig(cfg, slog.New(slog.NewTextHandler(&log, nil))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("files that are not there: %v", err)
		}
		cert, key := newPair(t, 1)
		write(cfg.CertFile, cert)
		write(cfg.KeyFile, key)
		served, err := tlsConfig(cfg, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		wantSerial := func(when string, serial int64) {
			t.Helper()
			got, err := served.GetCertificate(&tls.ClientHelloInfo{})
			if err != nil || got.Leaf.SerialNumber.Int64() != serial {
				t.Fatalf("%s: %v, %v", when, got, err)
			}
		}
		wantLog := func(when, word string, times int) {
			t.Helper()
			if got := strings.Count(log.String(), word); got != times {
				t.Fatalf("%s: the log says %q %d times, want %d:\n%s", when, word, got, times, log.String())
			}
		}
		wantSerial("at first", 1)
		cert, key = newPair(t, 2)
		write(cfg.CertFile, cert)
		wantSerial("before it was looked", 1)
		for range 3 {
			time.Sleep(certificateAge)
			wantSerial("half replaced", 1)
		}
		wantLog("half replaced", "cannot be used", 1)
		write(cfg.KeyFile, key)
		time.Sleep(certificateAge)
		wantSerial("replaced", 2)
		wantLog("replaced", "is served.", 1)
		if err := os.Remove(cfg.KeyFile); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			time.Sleep(certificateAge)
			wantSerial("gone", 2)
		}
		wantLog("gone", "cannot be used", 2)
		write(cfg.KeyFile, key)
		time.Sleep(certificateAge)
		wantSerial("back", 2)
		if strings.Contains(log.String(), "PRIVATE KEY") {
			t.Error("the log shows the key")
		}
	})
}
