package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cleengate/cleengate/internal/console"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

const (
	// tailSilence is how long a stream may say nothing: the heartbeat comes
	// three times within it.
	tailSilence = 35 * time.Second
	// tailPatience is how long a proxy that went away may take to come back.
	tailPatience  = time.Minute
	tailInterval  = 500 * time.Millisecond
	tailFarewell  = time.Second // for what is being written when a signal comes
	maxEventBytes = 1 << 20
)

func newTail(s streams, load loader) *cobra.Command {
	var admin string
	var asJSON bool
	filter := make(map[string]*string)
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show calls as they end",
		Long: "Follows the running cleengate and writes one line for each call that ends: when, who, what, how it ended and who\n" +
			"answered, how long it waited in line and how often it was sent, and for a failure its cause. On a terminal in colour,\n" +
			"unless NO_COLOR is set; one JSON object a line when piped. If cleengate is restarted, tail follows the new one.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := make(url.Values)
			for name, value := range filter {
				if *value != "" {
					query.Set(name, *value)
				}
			}
			if _, _, err := journal.ParseFilter(query); err != nil {
				return usage(err)
			}
			target, err := adminTarget(cmd, admin, load)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			terminal := isTerminal(s.out)
			t := &tail{
				streams: s, admin: target, path: "/api/v1/events?" + query.Encode(), patience: tailPatience, interval: tailInterval, silence: tailSilence,
				json: asJSON || !terminal, colour: terminal && os.Getenv("NO_COLOR") == "",
			}
			return t.until(ctx, stop)
		},
	}
	adminFlag(cmd, &admin)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON also on a terminal")
	for name, help := range map[string]string{
		"status": "only this status, such as 401, or class, such as 4xx", "client": "only calls of this caller",
		"endpoint": "only this endpoint, by its template", "since": "only calls that arrived then or later (RFC 3339)",
	} {
		filter[name] = cmd.Flags().String(name, "", help)
	}
	return cmd
}

type tail struct {
	streams
	admin  *adminClient
	path   string
	json   bool
	colour bool

	patience time.Duration // for a proxy that went away
	interval time.Duration // between two tries
	silence  time.Duration // after which a stream counts as dead
}

// until runs until ctx ends. Where nobody takes what is written, such as a pager
// that shows its first page, a write does not return: then the process ends all
// the same, and at once on a second signal.
func (t *tail) until(ctx context.Context, unnotify func()) error {
	done := make(chan error, 1)
	go func() { done <- t.run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	unnotify()
	select {
	case err := <-done:
		return err
	case <-time.After(tailFarewell):
		return failed(errors.New("nobody reads what tail writes"))
	}
}

// errRefused is an answer that a new try would not change.
var errRefused = errors.New("refused")

// run follows until ctx ends, which is no error. A proxy that was there once is
// waited for when it goes away.
func (t *tail) run(ctx context.Context) error {
	lost := time.Time{}
	for {
		followed, err := t.follow(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errRefused), !followed && lost.IsZero():
			return failed(err)
		case followed:
			lost = time.Now()
			fmt.Fprintln(t.err, "cleengate: "+err.Error()+"; waiting for it to come back")
		case time.Since(lost) > t.patience:
			return failed(fmt.Errorf("it did not come back within %s: %w", t.patience, err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(t.interval):
		}
	}
}

// follow reads one stream to its end. followed tells that it had begun.
func (t *tail) follow(ctx context.Context) (followed bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(t.silence, func() { cancel(errors.New("the stream fell silent")) })
	defer silence.Stop()
	resp, err := t.admin.get(ctx, t.path)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return false, refusal(t.admin.base, resp)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 4<<10), maxEventBytes)
	var event string
	stalled := false
	for lines.Scan() {
		silence.Reset(t.silence)
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			event = name
			continue
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		if event == "end" {
			return true, ended(t.admin.base, data)
		}
		silence.Stop() // while a stopped terminal or a pager takes nothing, nothing is read
		began := time.Now()
		err := t.show(data)
		if err != nil {
			return true, fmt.Errorf("%w: %w", errRefused, err)
		}
		silence.Reset(t.silence)
		stalled = stalled || time.Since(began) > t.silence/2
	}
	if stalled { // a listener cuts a reader that takes nothing
		return true, missed(t.admin.base)
	}
	if cause := context.Cause(ctx); cause != nil {
		return true, fmt.Errorf("cleengate at %s: %w", t.admin.base, cause)
	}
	return true, fmt.Errorf("cleengate at %s went away", t.admin.base)
}

// ended says why the proxy ended the stream.
func ended(base, data string) error {
	var end struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal([]byte(data), &end) == nil && end.Reason == "slow" {
		return missed(base)
	}
	return fmt.Errorf("cleengate at %s shuts down", base)
}

// missed is why there is a gap.
func missed(base string) error {
	return fmt.Errorf("cleengate at %s had more to tell than was read; some calls are missing here", base)
}

// refusal turns an answer that is no stream into an error.
func refusal(base string, resp *http.Response) error {
	var problem struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxEventBytes)) // what there is explains best
	if json.Unmarshal(body, &problem) != nil || problem.Detail == "" {
		problem.Detail = "the answer was " + resp.Status
	}
	return fmt.Errorf("%w by cleengate at %s: %s", errRefused, base, redact.PrintableText(problem.Detail)+tokenHint(problem.Code))
}

func (t *tail) show(data string) error {
	if t.json {
		if redact.Printable(data) != data { // no proxy of ours writes that
			data = string(redact.NewRedactor(nil, nil).Line([]byte(data)))
		}
		_, err := fmt.Fprintln(t.out, data)
		return err
	}
	var x console.Exchange
	if err := json.Unmarshal([]byte(data), &x); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, tailLine(&x, t.colour))
	return err
}
