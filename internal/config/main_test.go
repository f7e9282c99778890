package config

import (
	"os"
	"testing"
)

// shipped is the table of this version. It has tests of its own; all others see
// every key, so that the messages of a key are tested before its feature is.
var shipped = unbuiltKeys

func TestMain(m *testing.M) {
	unbuiltKeys = unbuilt{}
	os.Exit(m.Run())
}
