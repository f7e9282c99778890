// Package redact keeps secrets and personal data out of everything that
// cleengate writes down: the log, the failure journal, HAR and curl exports,
// incident reports and the configuration dump.
package redact
