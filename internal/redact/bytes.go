package redact

import "unsafe"

// stringOf lends the bytes of b as a string, so that one implementation
// searches both without copying. The result must not outlive the call that
// was given b: it changes when b does.
func stringOf(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // read only, for the time of the call
}
