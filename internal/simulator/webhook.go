package simulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// SignWebhook returns the signature of a webhook body: HMAC-SHA256 in the form
// that the knobs ask for. An empty secret gives an empty signature.
func SignWebhook(k WebhookKnobs, body []byte) string {
	if k.Secret == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(k.Secret))
	mac.Write(body)
	if k.Encoding == "base64" {
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return hex.EncodeToString(mac.Sum(nil))
}

type webhookOrder struct {
	URL   string         `json:"url"`
	Topic string         `json:"topic"`
	Data  map[string]any `json:"data"`
}

// sendWebhook posts one event, with the three fixed members, and waits for the
// answer. Only loopback addresses are allowed: the simulator calls nobody else.
func (s *Simulator) sendWebhook(r *http.Request) (any, error) {
	var order webhookOrder
	if err := readStrict(r, &order); err != nil {
		return nil, err
	}
	if err := onLoopback(order.URL); err != nil {
		return nil, err
	}
	if order.Topic == "" {
		return nil, errors.New("topic is missing; send one such as offerUpdated")
	}
	body, err := json.Marshal(object{"broadcasterId": PublisherID, "topic": order.Topic, "data": order.Data})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, order.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	k := s.knobs.Load().Webhook
	if signature := SignWebhook(k, body); signature != "" {
		req.Header.Set(k.Header, signature)
	}
	client := &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the webhook was not delivered: %w; is something listening there?", err)
	}
	return object{"status": resp.StatusCode}, resp.Body.Close()
}

func onLoopback(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" {
		return fmt.Errorf("url %q is no http address; send one such as http://127.0.0.1:9000/hook", raw)
	}
	host := u.Hostname()
	if host == "localhost" {
		return nil
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.IsLoopback() {
		return fmt.Errorf("url %q is not on this machine; only %s and localhost are allowed", raw, net.IPv4(127, 0, 0, 1))
	}
	return nil
}
