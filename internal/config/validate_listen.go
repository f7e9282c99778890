package config

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

const beyondLoopback = "%s is reachable from other machines, and %s is not set"

// listeners checks every address, that no two collide, and that those beyond
// loopback ask for a token. metrics_listen may be wide without one.
func (c *checks) listeners() {
	taken := map[Address]string{}
	claim := func(path, text string) (Address, bool) {
		address, err := ParseListen(text)
		if err != nil {
			c.report(path, err)
			return address, false
		}
		if first, twice := taken[address]; twice && !address.ephemeral() {
			c.faultAt(c.given(path, first), c.given(path, first), fmt.Sprintf("%s and %s are the same address", first, path), "give each listener its own port or socket")
		}
		taken[address] = path
		return address, true
	}
	if address, ok := claim("listen", c.cfg.Listen); ok {
		c.needsClientToken("listen", address)
	}
	if address, ok := claim("admin.listen", c.cfg.Admin.Listen); ok && !address.Loopback() && c.cfg.Admin.Token.IsZero() && !c.broken["admin.token"] {
		c.fault("admin.listen", fmt.Sprintf(beyondLoopback, quote(c.cfg.Admin.Listen), "admin.token_file"), "set admin.token_file, or listen on 127.0.0.1; for scraping alone, admin.metrics_listen needs no token")
	}
	if wide := c.cfg.Admin.MetricsListen; wide != "" {
		claim("admin.metrics_listen", wide)
	}
	shared := map[string]bool{}
	for _, name := range sortedNames(c.cfg.Upstreams) {
		own, path := c.cfg.Upstreams[name].Listen, "upstreams."+name+".listen"
		if own == "" || shared[own] {
			continue
		}
		// Upstreams may share a listener of their own.
		shared[own] = true
		if address, ok := claim(path, own); ok {
			c.needsClientToken(path, address)
		}
	}
}

func (c *checks) needsClientToken(path string, address Address) {
	if !address.Loopback() && c.cfg.Guard.ClientToken.IsZero() && !c.broken["guard.client_token"] {
		c.fault(path, fmt.Sprintf(beyondLoopback, quote(address.Address), "guard.client_token_file"), "set guard.client_token_file, or listen on 127.0.0.1 or unix:/path")
	}
}

func (c *checks) tls() {
	cert, key := c.cfg.TLS.CertFile, c.cfg.TLS.KeyFile
	switch {
	case cert == "" && key == "":
		return
	case key == "":
		c.faultAt("tls.cert_file", "tls.key_file", "is not set, though tls.cert_file is", "name the PEM file of the certificate's private key")
		return
	case cert == "":
		c.faultAt("tls.key_file", "tls.cert_file", "is not set, though tls.key_file is", "name the PEM file of the certificate chain")
		return
	}
	certPEM, err := readBounded(cert, maxFile)
	if err != nil {
		c.fault("tls.cert_file", "the file "+showFile(cert)+" "+err.Error(), "name a readable PEM file")
		return
	}
	keyPEM, err := readBounded(key, maxFile)
	if err != nil {
		c.fault("tls.key_file", "the file "+showFile(key)+" "+err.Error(), "name a readable PEM file")
		return
	}
	if _, err := tls.X509KeyPair(certPEM, keyPEM); err != nil {
		c.fault("tls.cert_file", fmt.Sprintf("%s and %s are no usable pair (%v)", showFile(cert), showFile(key), err), "name a PEM certificate chain, leaf first, and its private key")
		return
	}
	if mode, open := openToOthers(key); open {
		c.warn("tls.key_file", fmt.Sprintf("the file %s can be read by other users (mode %04o); chmod 600 it", showFile(key), mode))
	}
}

// caFile checks a file of certificate authorities.
func (c *checks) caFile(path, name string) {
	content, err := readBounded(name, maxFile)
	if err != nil {
		c.fault(path, "the file "+quote(name)+" "+err.Error(), "name a readable PEM file")
		return
	}
	if !x509.NewCertPool().AppendCertsFromPEM(content) {
		c.fault(path, "the file "+quote(name)+" holds no certificate", "name a PEM file of certificate authorities")
	}
}
