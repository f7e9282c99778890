package main

import (
	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/console"
	"github.com/cleengate/cleengate/internal/telemetry"
)

// cacheStats adapts the cache's figures to the metrics.
func cacheStats(c *cache.Cache) func() telemetry.CacheStat {
	return func() telemetry.CacheStat {
		s := c.Stat()
		return telemetry.CacheStat{Bytes: s.Bytes, Entries: int64(s.Entries), Evictions: s.Evictions}
	}
}

// bulk is the memory that journal and cache hold.
func (p *process) bulk() int64 { return p.journal.Bytes() + p.stored.Stat().Bytes }

// consoleCache is what the admin listener may do with stored answers.
func (p *process) consoleCache() *console.Cache {
	return &console.Cache{
		Show: func() any { return p.stored.Summary() },
		Purge: func(what console.Purge) int {
			n := p.stored.Purge(cache.Purge(what))
			p.log.Info("Stored answers were dropped.", "purged", n)
			return n
		},
	}
}
