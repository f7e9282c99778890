// Package e2e drives the real binary with real clients, on loopback only.
package e2e
