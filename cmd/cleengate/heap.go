package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// headroom is how much of what the collector looks through may be allocated
	// anew before it runs again, in percent: the live heap is a few MiB, so that
	// collecting at its double would mean several times a second under load.
	headroom = 400
	// minLooked is what the collector looks through at least, in bytes.
	minLooked = 4 << 20
	// minPercent bounds what GOGC is set to, so that a huge cache can grow in
	// larger steps.
	minPercent = 25
	paceEvery  = time.Second
	liveHeap   = "/gc/heap/live:bytes"
)

// pacer keeps the heap small while journal and cache fill up. Both hold bytes
// that the collector never looks through; counted like all else they would let
// the heap grow by four times their size before it runs.
type pacer struct {
	bulk    func() int64 // bytes of journal and cache
	percent int          // as it was set last
}

// newPacer returns nil where GOGC says what is wanted.
func newPacer(bulk func() int64) *pacer {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return &pacer{bulk: bulk, percent: headroom}
}

func (p *pacer) run(ctx context.Context) error {
	if p == nil {
		return nil
	}
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: liveHeap}}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			metrics.Read(sample)
			live := int64(sample[0].Value.Uint64()) //nolint:gosec // no heap is that large
			if percent := percentFor(live, p.bulk()); percent*10 < p.percent*9 || percent*9 > p.percent*10 {
				p.percent = percent
				debug.SetGCPercent(percent)
			}
		}
	}
}

// percentFor is the GOGC that gives what is live beyond bulk its headroom. live
// is of the last collection, since which bulk may have grown.
func percentFor(live, bulk int64) int {
	return max(int(headroom*max(live-bulk, minLooked)/max(live, bulk, minLooked)), minPercent)
}
