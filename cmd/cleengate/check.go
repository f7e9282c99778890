package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCheck(s streams, load loader) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Validate the configuration and print it, secrets masked",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			for _, warning := range cfg.Warnings() {
				fmt.Fprintln(s.err, "warning:", warning)
			}
			if err := cfg.Dump(s.out); err != nil {
				return failed(err)
			}
			return nil
		},
	}
}
