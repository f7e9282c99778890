package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/simulator"
)

// sim is the control side of the simulator. It is safe for concurrent use.
type sim struct {
	url    string
	client *http.Client
}

func newSim(url string) *sim {
	return &sim{url: url, client: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}}
}

func (s *sim) close() { s.client.CloseIdleConnections() }

// window is the quota: limit calls in each second of the clock.
func window(limit int, quota map[string]any) map[string]any {
	knobs := map[string]any{"limits": []map[string]any{{"name": "publisher", "provider": "fixed", "limit": limit, "window": "1s", "surfaces": []string{"core"}}}}
	maps.Copy(knobs, quota)
	return map[string]any{
		"quota":   knobs,
		"latency": map[string]any{"uplink": "15ms", "uplink_jitter": "20ms", "downlink": "15ms", "downlink_jitter": "20ms"},
	}
}

func (s *sim) patch(ctx context.Context, knobs map[string]any) error {
	body, err := json.Marshal(knobs)
	if err != nil {
		return err
	}
	return s.do(ctx, http.MethodPatch, "/_sim/knobs", body, nil)
}

// counters are a snapshot of what reached the simulator since its start.
func (s *sim) counters(ctx context.Context) (c simulator.Counters, err error) {
	err = s.do(ctx, http.MethodGet, "/_sim/counters", nil, &c)
	return c, err
}

func (s *sim) do(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("simulator %s %s: %w", method, path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("simulator %s %s: %s: %s", method, path, resp.Status, data)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}
