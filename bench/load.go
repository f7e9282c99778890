package main

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load makes calls of one URL. It is safe for concurrent use.
type load struct {
	url    string
	key    string // X-Publisher-Token, if not empty; the proxy puts in its own else
	client *http.Client
}

func newLoad(url string) *load {
	return &load{url: url, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 8192},
		Timeout:   2 * time.Minute,
	}}
}

func (l *load) close() { l.client.CloseIdleConnections() }

// answer is how a call ended: with a status, or 0 if there was no answer.
type answer struct {
	status int
	asked  time.Time
	took   time.Duration
}

func (a answer) at() time.Time { return a.asked.Add(a.took) }

// call reads the whole answer.
func (l *load) call(ctx context.Context, userAgent string) answer {
	a := answer{asked: time.Now()}
	if req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url, http.NoBody); err == nil {
		req.Header.Set("User-Agent", userAgent)
		if l.key != "" {
			req.Header.Set("X-Publisher-Token", l.key)
		}
		if resp, err := l.client.Do(req); err == nil {
			if _, err := io.Copy(io.Discard, resp.Body); err == nil {
				a.status = resp.StatusCode
			}
			_ = resp.Body.Close()
		}
	}
	a.took = time.Since(a.asked)
	return a
}

// burst makes n calls at once and returns their answers in order of arrival, and
// the time from the first call to the last answer.
func (l *load) burst(ctx context.Context, n int) (answers []answer, wall time.Duration) {
	answers = make([]answer, n)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range answers {
		wg.Go(func() { answers[i] = l.call(ctx, "Burst/1") })
	}
	wg.Wait()
	wall = time.Since(begin)
	slices.SortFunc(answers, func(a, b answer) int { return a.at().Compare(b.at()) })
	return answers, wall
}

// flood keeps so many callers calling, each again as soon as it was answered,
// until ctx ends, and hands each answer to seen, which must be safe for
// concurrent use. Calls that ctx cut off are not told.
func (l *load) flood(ctx context.Context, callers int, userAgent string, seen func(answer)) {
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if a := l.call(ctx, userAgent); ctx.Err() == nil {
					seen(a)
				}
			}
		})
	}
	wg.Wait()
}

// steady makes n interactive calls, one each interval whether or not the one before was
// answered, so that a slow answer hides none behind it.
func (l *load) steady(ctx context.Context, n int, interval time.Duration) []answer {
	answers := make([]answer, n)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var wg sync.WaitGroup
	for i := range answers {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			wg.Wait()
			return answers[:i]
		}
		wg.Go(func() { answers[i] = l.call(ctx, interactive) })
	}
	wg.Wait()
	return answers
}

// count is how many answers had the status.
func count(answers []answer, status int) int {
	n := 0
	for _, a := range answers {
		if a.status == status {
			n++
		}
	}
	return n
}

// percentile is the smallest time that the share p of all answers did not
// exceed (nearest rank); 0 if there are none.
func percentile(answers []answer, p float64) time.Duration {
	if len(answers) == 0 {
		return 0
	}
	times := make([]time.Duration, len(answers))
	for i, a := range answers {
		times[i] = a.took
	}
	slices.Sort(times)
	rank := int(p*float64(len(times)) + 0.999999)
	return times[min(max(rank, 1), len(times))-1]
}
