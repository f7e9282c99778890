package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/simulator"
)

func newDemo(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Try it: the proxy in front of a simulated Cleeng, with sample traffic",
		Long:  "Runs the proxy in front of the simulator on this machine, sends sample traffic through it, and prints what to open\nand what to call. No credential is needed and nothing leaves the machine. CLEENGATE_LISTEN and CLEENGATE_ADMIN_LISTEN\nchoose other addresses.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context(), s) },
	}
}

func demo(ctx context.Context, s streams) error {
	sim := simulator.NewServer(simulator.New(simulator.Options{}))
	if err := sim.Listen("127.0.0.1:0"); err != nil {
		return failed(err)
	}
	load := func() (*config.Config, error) {
		return config.Load(config.Options{Env: demoEnvironment(os.Getenv, sim.URL())})
	}
	cfg, err := load()
	if err != nil {
		return usage(err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running errgroup.Group
	running.Go(func() error { return sim.Serve(ctx) })
	err = serve(ctx, streams{in: s.in, out: nowhere{}, err: s.err}, cfg, load, func(p *process) {
		app, admin := p.endpoints[0].url(), p.endpoints[len(p.endpoints)-1].url()
		fmt.Fprintf(s.out, demoText, app, simulator.MonthlyOfferID, app, admin, admin, admin, app, admin, admin, sim.URL())
		running.Go(func() error { return sampleTraffic(ctx, app) })
	})
	stop()
	if ended := running.Wait(); err == nil && ended != nil {
		err = failed(ended)
	}
	return err
}

const demoText = `cleengate runs in front of a simulated Cleeng, with a little sample traffic. Ctrl-C ends it.

Call an API; the key is put in on the way:
  curl %s/3.1/offers/%s
  curl -d '{"method":"listSubscriptionOffers","params":{"limit":2},"jsonrpc":"2.0","id":1}' %s/3.0/json-rpc

Look at the proxy:
  curl %s/api/v1/status
  curl %s/api/v1/credentials
  curl %s/metrics

Break a call, and get what support would want to know of it:
  curl -i %s/customers/1 -H 'Authorization: Bearer undefined'
  cleengate bundle --admin %s     # or: curl -OJ %s/api/v1/bundle

What arrives at the simulated Cleeng:
  curl %s/_sim/counters

`

// demoEnvironment is a configuration of its own: only the two addresses are
// taken from the user's environment.
func demoEnvironment(getenv func(string) string, upstream string) []string {
	env := []string{
		"CLEENGATE_UPSTREAMS_CORE_URL=" + upstream, "CLEENGATE_UPSTREAMS_RPC_URL=" + upstream, "CLEENGATE_UPSTREAMS_MEDIASTORE_URL=" + upstream,
		"CLEENGATE_CREDENTIALS_PUBLISHER_TOKENS=" + simulator.PublisherKey, "CLEENGATE_STATE_DIR=none",
	}
	for _, name := range []string{"CLEENGATE_LISTEN", "CLEENGATE_ADMIN_LISTEN"} {
		if value := getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// nowhere swallows what serve would print; the demo says it in its own words.
type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
