package main

import (
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cleengate/cleengate/internal/simulator"
)

func newSimulate(s streams) *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Run the Cleeng simulator alone",
		Long:  "Runs a stand-in for the Cleeng APIs on this machine, for tests and load: load on the real sandbox is forbidden.\nIts behaviour can be changed at run time under /_sim/.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			server := simulator.NewServer(simulator.New(simulator.Options{}))
			if err := server.Listen(address); err != nil {
				return failed(err)
			}
			fmt.Fprintf(s.out, "The simulator listens on %s\nLook at %s/_sim/knobs and %s/_sim/counters\n", server.URL(), server.URL(), server.URL())
			if err := server.Serve(ctx); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&address, "listen", "127.0.0.1:8409", "address to listen on")
	return cmd
}
