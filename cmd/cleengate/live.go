package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/internal/support"
)

const (
	liveTimeout = 10 * time.Second
	// liveCall is a read that any valid key may make, of the smallest answer.
	liveCall = "/3.1/offers?limit=1"
	maxLive  = 64 << 10
	// clockTolerance is what makes a JWT look expired too early or too late.
	clockTolerance = 30 * time.Second
)

// checkLive tries each upstream and each publisher key with one harmless call.
// It never touches a session: a refresh token works once.
func checkLive(ctx context.Context, s streams, cfg *config.Config) error {
	quiet := streams{in: s.in, out: nowhere{}, err: nowhere{}}
	apart := *cfg
	apart.StateDir = "none" // the directory is that of the process at work
	cfg = &apart
	p, err := newProcess(quiet, cfg, func() (*config.Config, error) { return cfg, nil })
	if err != nil {
		return usage(err)
	}
	defer func() { _ = p.close() }()
	l := &live{out: s.out, process: p}
	for _, name := range slices.Sorted(maps.Keys(cfg.Upstreams)) {
		l.upstream(ctx, name, cfg.Upstreams[name])
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Credentials)) {
		l.credential(ctx, name, cfg)
	}
	if l.faults > 0 {
		return failed(fmt.Errorf("%d of the checks failed; what to do stands with each", l.faults))
	}
	return nil
}

type live struct {
	out     io.Writer
	process *process
	faults  int
}

func (l *live) say(ok bool, what, detail string) {
	mark := "ok    "
	if !ok {
		mark = "FAILED"
		l.faults++
	}
	fmt.Fprintf(l.out, "%s  %-28s %s\n", mark, what, detail)
}

// upstream sees whether anything answers, and what time it is there.
func (l *live) upstream(ctx context.Context, name string, u config.Upstream) {
	what := "upstream " + name
	began := time.Now()
	status, header, _, err := l.call(ctx, name, u.URL+"/", redact.Secret{})
	if err != nil {
		l.say(false, what, u.URL+" cannot be reached: "+err.Error()+". Check the network, DNS and upstreams."+name+".")
		return
	}
	detail := fmt.Sprintf("%s answers (%d) in %d ms", u.URL, status, time.Since(began).Milliseconds())
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		if off := time.Until(date); off.Abs() > clockTolerance {
			l.say(false, what, fmt.Sprintf("%s, but this machine's clock is off by %s. Set it; until then expiry is corrected by the upstream's Date.", detail, off.Round(time.Second)))
			return
		}
	}
	l.say(true, what, detail)
}

// credential tries each publisher key where it belongs.
func (l *live) credential(ctx context.Context, name string, cfg *config.Config) {
	cred, what := cfg.Credentials[name], "credential "+name
	if cred.Kind != config.PublisherToken {
		l.say(true, what, "is a "+string(cred.Kind)+" and is not tried: that could use it up. The running process tells its state at /api/v1/credentials.")
		return
	}
	if cfg.Upstreams[config.CoreUpstream].Credential != name {
		l.say(true, what, "is not used by upstream core, so no harmless call is known for it")
		return
	}
	if len(cred.Tokens) == 0 {
		l.say(true, what, "has no key: calls pass with what the app sends")
	}
	for i, key := range cred.Tokens {
		one := fmt.Sprintf("%s, key %d", what, i+1)
		status, _, body, err := l.call(ctx, config.CoreUpstream, cfg.Upstreams[config.CoreUpstream].URL+liveCall, key)
		switch {
		case err != nil:
			l.say(false, one, "could not be tried: "+err.Error())
		case status < 400:
			l.say(true, one, "is accepted")
		default:
			sent := http.Header{"X-Publisher-Token": {key.Reveal()}}
			d, known := support.Diagnose(support.Facts{
				Status: status, Surface: cleeng.SurfaceCore, Code: cleeng.ClassifyBody(cleeng.SurfaceCore, status, body),
				Sent: support.LookAtHeader(sent, cleeng.AuthPublisher, time.Now()), NamesAddress: cleeng.MentionsAddress(body),
			})
			if !known {
				l.say(false, one, fmt.Sprintf("got %d %s; try again later", status, http.StatusText(status)))
				continue
			}
			l.say(false, one, fmt.Sprintf("got %d (%s): %s %s", status, d.Code, d.Sentence, d.Next))
		}
	}
}

// call makes one GET the way that our own logins go.
func (l *live) call(ctx context.Context, upstream, url string, key redact.Secret) (status int, header http.Header, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, nil, nil, err
	}
	if !key.IsZero() {
		req.Header.Set("X-Publisher-Token", key.Reveal())
	}
	resp, err := l.process.proxy.Lane(upstream).RoundTrip(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxLive))
	return resp.StatusCode, resp.Header, body, err
}
