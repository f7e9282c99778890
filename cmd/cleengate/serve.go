package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cleengate/cleengate/internal/config"
)

// sameSignal is how close a second signal is taken for the first.
const sameSignal = 200 * time.Millisecond

func newServe(s streams, load loader) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the proxy",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), s, cfg, func() (*config.Config, error) { return load(cmd) }, func(*process) {})
		},
	}
}

// serve runs one process until SIGTERM or SIGINT, and drains it. A second
// signal ends it at once. started is called when it serves.
func serve(ctx context.Context, s streams, cfg *config.Config, load func() (*config.Config, error), started func(*process)) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)

	p, err := newProcess(s, cfg, load)
	if err != nil {
		return usage(err)
	}
	if err := p.listen(ctx); err != nil {
		return failed(errors.Join(err, p.close()))
	}
	p.start()
	started(p)
	for {
		select {
		case got := <-signals:
			if got == syscall.SIGHUP {
				_ = p.reload() // logged and counted there
				continue
			}
			p.log.Info("Shutting down.", "signal", got.String())
		case <-ctx.Done():
		case err := <-p.failed:
			return failed(errors.Join(err, p.close()))
		}
		break
	}
	first := time.Now()
	ended := make(chan error, 1)
	go func() { ended <- p.shutdown() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return failed(fmt.Errorf("shutdown: %w", err))
			}
			return nil
		case got := <-signals:
			// Some supervisors signal a process and its group at once.
			if got != syscall.SIGHUP && time.Since(first) > sameSignal {
				p.hurry()
				return failed(errors.New("ended by a second signal before the running calls were done"))
			}
		}
	}
}
