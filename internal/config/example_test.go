package config_test

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/cleengate/cleengate/internal/config"
)

// A command binds the flags, loads all layers, and maps a faulty
// configuration to exit status 2.
func Example() {
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.BindFlags(flags)
	if err := flags.Parse([]string{"--patience.default=2s"}); err != nil {
		fmt.Println(err)
		return
	}
	cfg, err := config.Load(config.Options{
		Flags: flags,
		Env:   []string{"CLEENGATE_LIMITS_PUBLISHER_RATE=50"},
	})
	status := 0
	if _, faulty := errors.AsType[*config.Error](err); faulty {
		fmt.Println(err)
		status = 2
	}
	fmt.Println(cfg == nil, status)
	// Output:
	// CLEENGATE_LIMITS_PUBLISHER_RATE: limits.publisher.rate: "50" has no unit; write 50/s, 50/m or 50/h
	// true 2
}
