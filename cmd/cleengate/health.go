package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	probeTimeout = 2 * time.Second
	waitInterval = 100 * time.Millisecond
)

func newHealth(s streams, load loader) *cobra.Command {
	var admin string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Exit with 0 if the running cleengate is ready",
		Long:  "Asks the admin listener of the running cleengate whether it is ready. Made for health checks in images that have no curl.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := adminTarget(cmd, admin, load)
			if err != nil {
				return err
			}
			if err := target.ready(cmd.Context()); err != nil {
				return failed(err)
			}
			return sayReady(s)
		},
	}
	adminFlag(cmd, &admin)
	return cmd
}

func newWait(s streams, load loader) *cobra.Command {
	var admin string
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait until the running cleengate is ready",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := adminTarget(cmd, admin, load)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), limit)
			defer cancel()
			tick := time.NewTicker(waitInterval)
			defer tick.Stop()
			for {
				reason := target.ready(ctx)
				if reason == nil {
					return sayReady(s)
				}
				select {
				case <-ctx.Done():
					return failed(fmt.Errorf("not ready within %s: %w", limit, reason))
				case <-tick.C:
				}
			}
		},
	}
	adminFlag(cmd, &admin)
	cmd.Flags().DurationVar(&limit, "timeout", 30*time.Second, "how long to wait")
	return cmd
}

func sayReady(s streams) error {
	if _, err := fmt.Fprintln(s.out, "ready"); err != nil {
		return failed(err)
	}
	return nil
}

func adminFlag(cmd *cobra.Command, admin *string) {
	cmd.Flags().StringVar(admin, "admin", "", "URL of the admin listener; empty: as configured")
}

// adminClient talks to the admin listener of a running cleengate.
type adminClient struct {
	base   string
	token  string
	client *http.Client
}

// adminTarget finds the admin listener: by --admin, else by the configuration.
func adminTarget(cmd *cobra.Command, admin string, load loader) (*adminClient, error) {
	a := &adminClient{base: strings.TrimSuffix(admin, "/"), client: &http.Client{}}
	cfg, err := load(cmd)
	if err != nil {
		if admin == "" {
			return nil, err
		}
	} else {
		a.token = cfg.Admin.Token.Reveal()
	}
	address := admin
	if admin == "" {
		address = cfg.Admin.Listen
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		a.base = "http://localhost"
		a.client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		}}
	} else if admin == "" {
		a.base = "http://" + reachable(address)
	} else if u, err := url.Parse(admin); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, usage(fmt.Errorf("--admin %s is no URL such as http://127.0.0.1:8402", admin))
	}
	return a, nil
}

// reachable turns the address of a listener on all interfaces into one that
// can be called.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func (a *adminClient) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	resp, err := a.get(ctx, "/readyz")
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("cleengate at %s answers, but is not ready (%s)", a.base, resp.Status)
	}
	return nil
}

// tokenHint is what a command's user can do about a refusal for want of a
// token, which is told to HTTP clients.
func tokenHint(code string) string {
	if code != "client_unauthenticated" {
		return ""
	}
	return " A command finds it by the configuration: --config FILE, or CLEENGATE_ADMIN_TOKEN_FILE."
}

func (a *adminClient) get(ctx context.Context, path string) (*http.Response, error) {
	return a.send(ctx, http.MethodGet, path, http.NoBody)
}

func (a *adminClient) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return nil, err
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err
		}
		return nil, fmt.Errorf("no cleengate answers at %s: %w; start one with: cleengate serve", a.base, err)
	}
	return resp, nil
}
