package totals

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

const (
	fileName = "totals.jsonl"
	// fileVersion 1 had neither limits nor methods nor habits, and is read as such.
	fileVersion = 2
	maxFile     = 4 << 20
)

// header is the first line of the file; an hour each follows, newest first, so
// that what does not fit is the oldest.
type header struct {
	Version int `json:"cleengate_totals"`
}

// Load reads what an earlier process saved. A file that cannot be read is kept
// aside under another name, and the error says which. What a crash left half
// written is removed.
func (t *Totals) Load() error {
	if t.dir == "" {
		return nil
	}
	path := filepath.Join(t.dir, fileName)
	removeLeftovers(path)
	f, err := os.Open(path) //nolint:gosec // in the state directory
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("hourly totals: %w", err)
	}
	hours, err := decode(io.LimitReader(f, maxFile))
	_ = f.Close()
	if err != nil {
		aside := path + ".spoilt-" + strconv.FormatInt(time.Now().Unix(), 10)
		return errors.Join(fmt.Errorf("hourly totals in %s cannot be read (%w); they begin anew, and the file is kept as %s", path, err, aside), os.Rename(path, aside))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, saved := range hours {
		if t.rows >= maxAllRows {
			break // the oldest come last
		}
		h := t.hour(saved.Start.Unix() / 3600)
		h.peak.merge(&Peaks{Second: saved.PeakSecond, Minute: saved.PeakMinute})
		for _, l := range saved.Limits {
			h.limit(l.Limit).merge(&l)
		}
		for _, r := range saved.Rows {
			t.row(h, r.key()).Add(&r)
		}
	}
	return nil
}

func decode(r io.Reader) ([]Hour, error) {
	d := json.NewDecoder(r)
	var head header
	if err := d.Decode(&head); err != nil {
		return nil, err
	}
	if head.Version < 1 || head.Version > fileVersion {
		return nil, errVersion
	}
	var hours []Hour
	for {
		var h Hour
		switch err := d.Decode(&h); {
		case errors.Is(err, io.EOF):
			return hours, nil
		case err != nil:
			return nil, err
		case !h.plausible():
			return nil, errImplausible
		}
		hours = append(hours, h)
	}
}

// Save writes the totals if they changed: to a file beside, synced, and then
// renamed, so that a crash leaves the old one or the new one.
func (t *Totals) Save() error {
	t.mu.Lock()
	changed := t.dirty
	t.dirty = false
	t.mu.Unlock()
	if t.dir == "" || !changed {
		return nil
	}
	if err := replace(filepath.Join(t.dir, fileName), t.encode()); err != nil {
		t.mu.Lock()
		t.dirty = true
		t.mu.Unlock()
		return fmt.Errorf("hourly totals: %w", err)
	}
	return nil
}

func (t *Totals) encode() []byte {
	out, _ := json.Marshal(header{Version: fileVersion}) // a number: cannot fail
	out = append(out, '\n')
	hours := t.Snapshot(time.Time{})
	for _, hour := range slices.Backward(hours) {
		line, err := json.Marshal(hour)
		if err != nil || len(out)+len(line)+1 > maxFile {
			break
		}
		out = append(append(out, line...), '\n')
	}
	return out
}

const nextName = ".next-*"

// removeLeftovers removes what was written beside path but never renamed. What is
// younger than a save takes may be another process's, at work.
func removeLeftovers(path string) {
	names, _ := filepath.Glob(path + nextName) // the pattern is well formed
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > saveEvery {
			_ = os.Remove(name) // it only takes room
		}
	}
}

func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+nextName) // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the rename itself durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the state directory
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
