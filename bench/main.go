// Command bench drives the real cleengate binary with whole scenarios and
// prints each figure beside its target.
//
// Every scenario builds the program, starts the simulator and the proxy as two
// processes of their own on loopback, and stops them again. The quota is a
// fixed window of one second, on the simulator's clock, behind a network that
// takes 15 to 35 ms each way. A wall time is compared with the ideal, which is
// (N - first allowance) / L: N calls, of which the first few leave at once, at
// L calls a second. A ratio of 1 therefore means that no call waited longer
// than the limit itself demands.
//
// A missed target is printed as MISSED and is no failure of the command: it
// measures, and a busy machine measures badly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// settings are what the command line says.
type settings struct {
	scenario string
	dialects []string
	calls    int           // of a burst
	demand   time.Duration // before the burst at a silent provider
	fair     time.Duration // of the flood that is measured
}

// scenarios in the order in which "all" runs them.
var scenarios = []struct {
	name string
	run  func(ctx context.Context, b *bench, s settings) error
}{
	{"forward", forward},
	{"journal", journalCost},
	{"burst", burst},
	{"cold", cold},
	{"silent", silent},
	{"fair", fair},
	{"hits", hits},
	{"herd", herd},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	s, err := parse(args, errOut)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "cleengate-bench-")
	if err != nil {
		return err
	}
	b := &bench{dir: dir, binary: filepath.Join(dir, "cleengate"), out: out}
	err = b.build(ctx)
	for _, scenario := range scenarios {
		if err != nil {
			break
		}
		if s.scenario != scenario.name && s.scenario != "all" {
			continue
		}
		if err = scenario.run(ctx, b, s); err != nil {
			err = fmt.Errorf("%s: %w", scenario.name, err)
		}
	}
	return errors.Join(err, os.RemoveAll(dir))
}

func parse(args []string, errOut io.Writer) (settings, error) {
	var s settings
	names := []string{"all"}
	for _, scenario := range scenarios {
		names = append(names, scenario.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(errOut)
	flags.StringVar(&s.scenario, "scenario", "all", "what to run: "+strings.Join(names, ", "))
	dialects := flags.String("dialects", "x-ratelimit,ietf,ietf-07,ietf-06", "header families of the bursts, by comma")
	flags.IntVar(&s.calls, "calls", 2000, "calls of a burst, 100 to 4000")
	flags.DurationVar(&s.demand, "demand", 30*time.Second, "demand before the burst at a silent provider, at most 5m")
	flags.DurationVar(&s.fair, "fair", time.Minute, "how long the flood is measured, 10s to 10m; two interactive calls a second")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	s.dialects = strings.Split(*dialects, ",")
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("%q is no flag; see -help", flags.Arg(0))
	case !slices.Contains(names, s.scenario):
		return s, fmt.Errorf("-scenario: there is no %q; there are %s", s.scenario, strings.Join(names, ", "))
	case s.calls < 100 || s.calls > 4000:
		return s, fmt.Errorf("-calls: %d; want 100 to 4000, as a queue holds 4000", s.calls)
	case s.demand <= 0 || s.demand > 5*time.Minute:
		return s, fmt.Errorf("-demand: %v; want more than 0 and at most 5m", s.demand)
	case s.fair < 10*time.Second || s.fair > 10*time.Minute:
		return s, fmt.Errorf("-fair: %v; want 10s to 10m", s.fair)
	}
	return s, nil
}
