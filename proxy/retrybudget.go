package proxy

import (
	"sync"
	"time"
)

const (
	budgetFloor  = 3.0              // retries that are there without any traffic
	budgetRefill = 10 * time.Second // in which the floor comes back
	budgetCap    = 100.0            // what a busy time can save up
)

// retryBudget bounds retries to a share of the calls, so that an upstream in
// trouble is not given a multiple of its load ("Handling Overload", Site
// Reliability Engineering, chapter 21). A small floor keeps single failures
// curable when there is little traffic.
type retryBudget struct {
	mu      sync.Mutex // guards what follows
	balance float64
	floorAt time.Time // when the floor was last topped up
}

func (b *retryBudget) deposit(share float64) {
	b.mu.Lock()
	b.balance = min(b.balance+share, budgetCap)
	b.mu.Unlock()
}

// withdraw takes one retry if there is one.
func (b *retryBudget) withdraw(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.floorAt.IsZero() {
		b.balance, b.floorAt = b.balance+budgetFloor, now
	}
	if gone := now.Sub(b.floorAt); gone > 0 {
		b.floorAt = now
		if b.balance < budgetFloor {
			b.balance = min(b.balance+budgetFloor*float64(gone)/float64(budgetRefill), budgetFloor)
		}
	}
	if b.balance < 1 {
		return false
	}
	b.balance--
	return true
}

// retryBudgets holds one budget an upstream; configured names bound it, and a
// reload leaves it alone. The zero value is ready.
type retryBudgets struct {
	mu     sync.Mutex // guards byName
	byName map[string]*retryBudget
}

func (b *retryBudgets) of(upstream string) *retryBudget {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byName == nil {
		b.byName = make(map[string]*retryBudget)
	}
	if b.byName[upstream] == nil {
		b.byName[upstream] = &retryBudget{}
	}
	return b.byName[upstream]
}
