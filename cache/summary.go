package cache

import (
	"cmp"
	"slices"

	"github.com/cleengate/cleengate/cache/store"
)

// Summary is what may be told of the cache: figures and templates, never what
// was asked for or by whom.
type Summary struct {
	Enabled   bool              `json:"enabled"`
	Bytes     int64             `json:"bytes"`
	MaxBytes  int64             `json:"max_bytes"`
	Entries   int               `json:"entries"`
	Evictions int64             `json:"evictions"`
	Refusals  int64             `json:"refusals"`
	Endpoints []EndpointSummary `json:"endpoints"`
}

// EndpointSummary is the part of one template.
type EndpointSummary struct {
	Endpoint string `json:"endpoint"`
	Entries  int    `json:"entries"`
	Bytes    int64  `json:"bytes"`
}

// Summary counts what is stored, for each endpoint.
func (c *Cache) Summary() Summary {
	stat := c.Stat()
	s := Summary{
		Enabled: c.Enabled(), Bytes: stat.Bytes, MaxBytes: stat.MaxBytes, Entries: stat.Entries, Evictions: stat.Evictions, Refusals: stat.Refusals,
		Endpoints: []EndpointSummary{},
	}
	if !s.Enabled {
		return s
	}
	byTemplate := make(map[string]EndpointSummary)
	c.store.Each(func(it store.Item[*entry]) bool {
		e := byTemplate[it.Value.template]
		e.Entries++
		e.Bytes += it.Bytes
		byTemplate[it.Value.template] = e
		return true
	})
	for template, e := range byTemplate {
		e.Endpoint = template
		s.Endpoints = append(s.Endpoints, e)
	}
	slices.SortFunc(s.Endpoints, func(a, b EndpointSummary) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return s
}
