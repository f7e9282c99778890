package simulator

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// random is a seeded source, so that a run with the same order of calls repeats.
type random struct {
	mu  sync.Mutex
	src *rand.ChaCha8
	rng *rand.Rand
}

func newRandom(seed uint64) *random {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	src := rand.NewChaCha8(key)
	return &random{src: src, rng: rand.New(src)} // simulated secrets; must repeat
}

// hit is true with the given probability; 0 stands for always, as in Fault.Rate.
func (r *random) hit(rate float64) bool {
	if rate == 0 || rate >= 1 {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rng.Float64() < rate
}

const tokenAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (r *random) token(n int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := make([]byte, n)
	for i := range b {
		b[i] = tokenAlphabet[r.rng.IntN(len(tokenAlphabet))]
	}
	return string(b)
}

func (r *random) bytes(n int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := make([]byte, n)
	_, _ = r.src.Read(b) // never fails
	return b
}

func (r *random) latency(base, jitter time.Duration, distribution string) time.Duration {
	if jitter == 0 {
		return base
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch distribution {
	case "exponential":
		return base + time.Duration(r.rng.ExpFloat64()*float64(jitter))
	case "normal":
		return max(0, base+time.Duration(r.rng.NormFloat64()*float64(jitter)))
	default:
		return base + time.Duration(r.rng.Float64()*float64(jitter))
	}
}

func (r *random) slow(l LatencyKnobs) time.Duration {
	if l.SlowRate > 0 && r.hit(l.SlowRate) {
		return l.Slow
	}
	return 0
}

// uuid makes a random identifier in the form of a UUID, version 4.
func (s *Simulator) uuid() string {
	b := s.random.bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
