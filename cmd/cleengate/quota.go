package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/internal/support/quota"
	"github.com/cleengate/cleengate/limiter"
)

const (
	quotaTimeout = 30 * time.Second
	maxReport    = 16 << 20
)

func newQuota(s streams, load loader) *cobra.Command {
	var admin string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "quota",
		Short: "Report demand, waits, savings and waste: the case for a higher limit",
		Long: "Asks the running cleengate for its quota report and prints it as Markdown: demand over time and its growth, peaks,\n" +
			"waits and refusals, what caching and joining saved, calls by endpoint and caller, habits that waste quota, and what\n" +
			"limit to ask Cleeng support for, with the arithmetic.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := adminTarget(cmd, admin, load)
			if err != nil {
				return err
			}
			report, err := target.quota(cmd.Context())
			if err != nil {
				return failed(err)
			}
			out := report.Markdown()
			if asJSON {
				if out, err = json.MarshalIndent(report, "", "  "); err != nil {
					return failed(fmt.Errorf("quota report: %w", err))
				}
				out = append(out, '\n')
			}
			if _, err = io.WriteString(s.out, strings.Map(showable, string(out))); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	adminFlag(cmd, &admin)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of Markdown")
	return cmd
}

// showable keeps a terminal from acting on what it should show: the answer may be of
// anything that listens at the address. JSON stays JSON.
func showable(r rune) rune {
	if r == '\n' || unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}

// quota fetches the report of the running cleengate.
func (a *adminClient) quota(ctx context.Context) (*quota.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, quotaTimeout)
	defer cancel()
	resp, err := a.get(ctx, "/api/v1/quota")
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReport+1))
	if err != nil {
		return nil, fmt.Errorf("the quota report of cleengate at %s broke off: %w", a.base, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s to the request for the quota report: %s", a.base, resp.Status, problemDetail(body))
	}
	var report quota.Report
	if err := json.Unmarshal(body, &report); err != nil || len(body) > maxReport {
		return nil, fmt.Errorf("what %s answered is no quota report; is it the admin listener of a cleengate of this version?", a.base)
	}
	return &report, nil
}

// problemDetail is what an answer with problem details (RFC 9457) says.
func problemDetail(body []byte) string {
	var p struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal(body, &p); err != nil || p.Detail == "" {
		return "it gives no reason; is it the admin listener of a cleengate of this version?"
	}
	return redact.Printable(p.Detail) + tokenHint(p.Code)
}

// quotaReport is the report as of now.
func (p *process) quotaReport() *quota.Report {
	cfg := p.cfg.Load()
	in := quota.Input{
		Now: time.Now(), Mode: string(cfg.Mode), Hours: p.hourly.Snapshot(time.Time{}), LimitOf: make(map[string]string, len(cfg.Upstreams)),
		Cache: quota.Cache{On: cfg.Cache.MaxSize > 0, Observes: cfg.Mode == config.Observe, Entitlements: cfg.Cache.Entitlements},
	}
	for name, u := range cfg.Upstreams {
		in.LimitOf[name] = u.Limit
	}
	for _, s := range p.limits.Snapshot() {
		in.Limits = append(in.Limits, quotaLimit(&s))
	}
	return quota.Build(&in)
}

func quotaLimit(s *limiter.Snapshot) quota.Limit {
	l := quota.Limit{
		Name: s.Name, Credential: s.Credential, Rate: s.Rate, Source: string(s.Source),
		Delayed: s.Observed[limiter.WouldDelay], Refused: s.Observed[limiter.WouldRefuse],
	}
	if math.IsInf(l.Rate, 0) || math.IsNaN(l.Rate) {
		l.Rate = 0 // nothing bounds it
	}
	for _, w := range s.Windows {
		l.Windows = append(l.Windows, quota.Window{Policy: w.Policy, Limit: w.Limit, SpanSeconds: time.Duration(w.Span).Seconds(), Sure: w.Sure})
	}
	return l
}
