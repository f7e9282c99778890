package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCheck(s streams, load loader) *cobra.Command {
	var live bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Validate the configuration and print it, secrets masked",
		Long:  "Validates the configuration as serve would, and prints what is in force, secrets masked. With --live it also tries\neach upstream and each publisher key with one harmless call. It never touches a session.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			for _, warning := range cfg.Warnings() {
				fmt.Fprintln(s.err, "warning:", warning)
			}
			if live {
				return checkLive(cmd.Context(), s, cfg)
			}
			if err := cfg.DumpSources(s.out); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "also try keys, clock and reachability, instead of printing")
	return cmd
}
