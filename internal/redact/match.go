package redact

const (
	window = MinSearch // bytes of each pattern that the tables know; all patterns are at least as long
	block  = 4         // bytes hashed together
	jump   = window - block + 1
)

// matcher finds many patterns in one pass by the algorithm of Wu and Manber
// (A Fast Algorithm for Multi-Pattern Searching, TR 94-17, University of
// Arizona, 1994): the last block of a window decides how far the window may
// jump, so most bytes of text without a match are never looked at. Beside an
// automaton it is small and quick to build, which matters because the set
// changes with each renewed token. A matcher is immutable.
type matcher struct {
	patterns []pattern
	shift    []uint8 // by hash of a block: how far the window may jump
	head     []int32 // by hash of a block: first pattern whose window ends in it, plus one
	next     []int32 // by pattern: the next one with the same hash, plus one
	bits     uint
	longest  int
}

// compile returns nil for no patterns. Every pattern must have at least
// [MinSearch] bytes.
func compile(patterns []pattern) *matcher {
	if len(patterns) == 0 {
		return nil
	}
	bits := uint(9)
	for 1<<bits < len(patterns)*jump*4 && bits < 16 {
		bits++
	}
	m := &matcher{
		patterns: patterns,
		shift:    make([]uint8, 1<<bits),
		head:     make([]int32, 1<<bits),
		next:     make([]int32, len(patterns)),
		bits:     bits,
	}
	for i := range m.shift {
		m.shift[i] = jump
	}
	for i := range patterns {
		p := patterns[i].text
		m.longest = max(m.longest, len(p))
		for end := block - 1; end < window; end++ {
			h := blockHash(p, end, bits)
			m.shift[h] = min(m.shift[h], uint8(window-1-end))
		}
		h := blockHash(p, window-1, bits)
		m.next[i], m.head[h] = m.head[h], int32(i+1)
	}
	return m
}

// blockHash hashes the block of s that ends at index end.
func blockHash(s string, end int, bits uint) uint32 {
	b := s[end-3 : end+1]
	v := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	return v * 0x9E3779B1 >> (32 - bits)
}

// match calls hit for every occurrence, overlapping ones too, until hit
// returns false. A nil matcher finds nothing.
func match(m *matcher, s string, hit func(start, end int, p *pattern) bool) {
	if m == nil {
		return
	}
	shift, bits := m.shift, m.bits
	for end := window - 1; end < len(s); {
		h := blockHash(s, end, bits)
		if d := shift[h]; d > 0 {
			end += int(d)
			continue
		}
		start := end - (window - 1)
		for i := m.head[h]; i > 0; i = m.next[i-1] {
			p := &m.patterns[i-1]
			if len(s)-start >= len(p.text) && s[start:start+len(p.text)] == p.text &&
				!hit(start, start+len(p.text), p) {
				return
			}
		}
		end++
	}
}

// matchCut calls hit for a pattern that begins near the end of s and is cut
// off there after at least minCut bytes, as happens to a capped body.
func matchCut(m *matcher, s string, hit func(start, end int, p *pattern)) {
	if m == nil {
		return
	}
	const minCut = 8
	for i := range m.patterns {
		p := &m.patterns[i]
		for n := min(len(p.text)-1, len(s)); n >= minCut; n-- {
			if p.text[n-1] == s[len(s)-1] && s[len(s)-n:] == p.text[:n] {
				hit(len(s)-n, len(s), p)
				break
			}
		}
	}
}
