package redact

import (
	"io"
	"sync"
)

// Writer scrubs the secrets of a vault from a stream before it passes it on,
// also those that are split over several writes. It therefore holds back as
// much as the longest secret can take; Close writes the rest. It does not
// close the writer below. Safe for concurrent use.
type Writer struct {
	vault *Vault

	mu   sync.Mutex // guards what follows
	w    io.Writer
	held []byte
	err  error
}

// escapeGrowth is how many bytes one byte of a secret can take at most in
// escapes inside escapes.
const escapeGrowth = 12

// NewWriter returns a Writer on top of w.
func NewWriter(w io.Writer, vault *Vault) *Writer {
	return &Writer{vault: vault, w: w}
}

// Write takes all of p. An error is that of an earlier or this write to the
// writer below, and stays.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	w.held = append(w.held, p...)
	known := w.vault.snapshot()
	if known == nil {
		return len(p), w.pass(len(w.held))
	}
	safe := len(w.held) - known.longest*escapeGrowth
	if safe < len(w.held)/2 { // wait until enough is there to be worth a search
		return len(p), nil
	}
	s := search{known: [2]*matcher{known}}
	for _, sp := range s.run(stringOf(w.held)) {
		if sp.start < safe && safe < sp.end {
			safe = sp.start
		}
	}
	return len(p), w.pass(safe)
}

// pass writes held[:n], scrubbed.
func (w *Writer) pass(n int) error {
	if n <= 0 {
		return nil
	}
	_, w.err = w.w.Write(w.vault.Scrub(w.held[:n]))
	w.held = append(w.held[:0], w.held[n:]...)
	return w.err
}

// Close writes what is held back. It may be called more than once.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	return w.pass(len(w.held))
}
