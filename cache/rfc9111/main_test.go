package rfc9111_test

import (
	"flag"
	"os"
	"testing"
)

// The properties cost microseconds and some of their cases are rare: they are
// checked more often than rapid does unless it is told otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "rapid.checks" })
	if !told {
		if err := flag.Set("rapid.checks", "10000"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
