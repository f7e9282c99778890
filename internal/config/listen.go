package config

import (
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

// Address is where a listener binds.
type Address struct {
	// Network and Address are what net.Listen takes: "tcp" with host:port, or
	// "unix" with an absolute path.
	Network, Address string
}

// maxSocketPath is what a socket address holds on the stricter systems, less
// its final NUL (sun_path of unix(4): 104 bytes on BSD, 108 on Linux).
const maxSocketPath = 103

// ParseListen reads host:port or unix:/path. The port is a number; 0 lets the
// system choose. An empty host is every address of the machine.
func ParseListen(text string) (Address, error) {
	const remedy = "write host:port, such as 127.0.0.1:8401, or unix:/path"
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		switch {
		case !filepath.IsAbs(path):
			return Address{}, &valueError{quote(text) + " has no absolute path", "write unix: and a path from the root, such as unix:/run/cleengate/cleengate.sock"}
		case len(path) > maxSocketPath:
			return Address{}, &valueError{"the path of a unix socket is longer than " + strconv.Itoa(maxSocketPath) + " bytes", "choose a shorter path"}
		}
		return Address{Network: "unix", Address: path}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return Address{}, &valueError{quote(text) + " is not a listen address", remedy}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return Address{}, &valueError{quote(port) + " is not a port", "write a number from 0 to 65535"}
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil && !validHost(host) {
		return Address{}, &valueError{quote(host) + " is neither a host name nor an IP address", remedy}
	}
	return Address{Network: "tcp", Address: text}, nil
}

// Loopback reports whether only this machine can reach the address. A host
// name other than localhost is not taken for loopback, whatever it resolves
// to.
func (a Address) Loopback() bool {
	if a.Network == "unix" {
		return true
	}
	host, _, err := net.SplitHostPort(a.Address)
	return err == nil && loopbackHost(host)
}

// ephemeral reports whether the system chooses the port, so that two equal
// addresses do not collide.
func (a Address) ephemeral() bool {
	_, port, err := net.SplitHostPort(a.Address)
	if err != nil {
		return false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number == 0
}

func loopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// validHost accepts host names as the Host field holds them (RFC 1123 section
// 2.1, and the underscore that container networks use).
func validHost(host string) bool {
	host = strings.TrimSuffix(host, ".")
	if host == "" || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
