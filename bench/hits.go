package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// hits compares the CPU that a fresh hit costs cleengate with what the same
// bytes cost a bare net/http handler, each a process of its own, in interleaved
// pairs. The access log is on, to a pipe that is read.
func hits(ctx context.Context, b *bench, _ settings) (err error) {
	up, err := b.start(ctx, map[string]any{}, unlimited+"cache: {rules: [{match: \"GET /3.1/offers/*\", ttl: 1h}]}\n")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, up.close()) }()
	file := filepath.Join(b.dir, "answer.json")
	if err := up.load.keep(ctx, file); err != nil {
		return err
	}
	bare, err := b.startBare(ctx, "-answer", file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	direct := newLoad(bare.url + "/")
	defer direct.close()
	if err := b.compare(ctx, "hits", "bare handler", 1.2, [2]side{{up.gate, up.load}, {bare, direct}}); err != nil {
		return err
	}
	counters, err := up.sim.counters(ctx)
	if err != nil {
		return err
	}
	b.line("hits", "calls upstream", fmt.Sprint(counters.Arrivals), "1", counters.Arrivals == 1)
	return nil
}

// keep makes the call twice and writes the second answer, a hit, to a file that
// the bare handler reads.
func (l *load) keep(ctx context.Context, file string) error {
	var resp *http.Response
	var body []byte
	for range 2 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url, http.NoBody)
		if err != nil {
			return err
		}
		if resp, err = l.client.Do(req); err != nil {
			return err
		}
		body, err = io.ReadAll(resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err != nil {
			return err
		}
	}
	if status := resp.Header.Get("Cache-Status"); !strings.Contains(status, "hit") {
		return fmt.Errorf("the second identical call was no hit: Cache-Status is %q", status)
	}
	content, err := json.Marshal(map[string]any{"status": resp.StatusCode, "header": resp.Header, "body": body})
	if err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o600)
}
