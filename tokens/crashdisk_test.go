package tokens

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// NewFileStoreOn is NewFileStore on a disk of the test's own.
func NewFileStoreOn(cfg FileStoreConfig, disk *CrashDisk) (*FileStore, error) {
	cfg.Dir = "/state"
	return newFileStore(cfg, disk)
}

// ErrPowerCut is what everything returns after the power was cut.
var ErrPowerCut = errors.New("the power was cut")

// World counts the steps of a scenario, on the disk and on the network, and
// cuts the power at one of them. After that nothing has any effect.
type World struct {
	mu    sync.Mutex
	CutAt int // 0: never
	Steps []string
}

// Step is one step; false means that it does not happen any more.
func (w *World) Step(what string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.CutAt > 0 && len(w.Steps) >= w.CutAt {
		return false
	}
	w.Steps = append(w.Steps, what)
	return true
}

// Doom cuts the power after so many more steps.
func (w *World) Doom(steps int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.CutAt == 0 || len(w.Steps)+steps < w.CutAt {
		w.CutAt = max(1, len(w.Steps)+steps)
	}
}

// Doomed reports whether the power is cut, or will be.
func (w *World) Doomed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.CutAt > 0
}

// Length returns how many steps were made.
func (w *World) Length() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.Steps)
}

// CrashDisk is a directory that forgets what was not synced, as a disk may
// when the power fails: contents without fsync of the file, and names without
// fsync of the directory.
type CrashDisk struct {
	World *World
	// Fail, if set, makes an operation fail, as a full disk does.
	Fail func(operation, name string) error
	// LockErr is what taking the lock gives, nil for success.
	LockErr error
	// Pause is how long a sync takes.
	Pause time.Duration

	mu      sync.Mutex
	live    map[string]*inode
	durable map[string]*inode
	pending []func(map[string]*inode) // changes of names since the last sync
	locked  bool
	history []byte // all contents that were ever durable
}

type inode struct{ data, synced []byte }

// NewCrashDisk returns an empty disk in world.
func NewCrashDisk(world *World) *CrashDisk {
	return &CrashDisk{World: world, live: make(map[string]*inode), durable: make(map[string]*inode)}
}

// AfterCut returns the disk as the next start finds it: of the changes of
// names that were not synced the first part survived, and contents that were
// not synced survived if torn is false, else half of them did.
func (d *CrashDisk) AfterCut(world *World, part float64, torn bool) *CrashDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := NewCrashDisk(world)
	next.Pause = d.Pause
	next.history = slices.Clone(d.history)
	names := maps.Clone(d.durable)
	for _, change := range d.pending[:int(part*float64(len(d.pending))+0.5)] {
		change(names)
	}
	for name, node := range names {
		data := node.data
		if torn && !bytes.Equal(node.data, node.synced) {
			data = node.synced
			if len(node.data) > len(data) {
				data = node.data[:len(node.data)/2]
			}
		}
		copied := &inode{data: slices.Clone(data), synced: slices.Clone(data)}
		next.live[name], next.durable[name] = copied, copied
		next.history = append(next.history, copied.synced...)
	}
	return next
}

// Durable returns what a power cut would leave of a file.
func (d *CrashDisk) Durable(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if node := d.durable[name]; node != nil {
		return slices.Clone(node.synced)
	}
	return nil
}

// WasDurable reports whether text was ever safe from a power cut.
func (d *CrashDisk) WasDurable(text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return bytes.Contains(d.history, []byte(text))
}

// Names lists the files.
func (d *CrashDisk) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.live))
}

// Put makes a durable file.
func (d *CrashDisk) Put(name string, data []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	node := &inode{data: data, synced: data}
	d.live[name], d.durable[name] = node, node
}

func (d *CrashDisk) do(operation, name string) error {
	if !d.World.Step(operation + " " + name) {
		return ErrPowerCut
	}
	if strings.HasPrefix(operation, "sync") {
		time.Sleep(d.Pause)
	}
	if d.Fail != nil {
		return d.Fail(operation, name)
	}
	return nil
}

// change makes a change of names visible, and durable at the next sync.
func (d *CrashDisk) change(change func(map[string]*inode)) {
	change(d.live)
	d.pending = append(d.pending, change)
}

func (d *CrashDisk) prepare() error { return d.do("prepare", "") }

func (d *CrashDisk) read(name string, _ int64) ([]byte, error) {
	if err := d.do("read", name); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	node := d.live[name]
	if node == nil {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(node.data), nil
}

func (d *CrashDisk) create(name string) (diskFile, error) {
	if err := d.do("create", name); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.live[name] != nil {
		return nil, fs.ErrExist
	}
	node := &inode{}
	d.change(func(names map[string]*inode) { names[name] = node })
	return &crashFile{disk: d, name: name, node: node}, nil
}

func (d *CrashDisk) rename(from, to string) error {
	if err := d.do("rename", from); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	node := d.live[from]
	if node == nil {
		return fs.ErrNotExist
	}
	d.change(func(names map[string]*inode) {
		delete(names, from)
		names[to] = node
	})
	return nil
}

func (d *CrashDisk) remove(name string) error {
	if err := d.do("remove", name); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.live[name] == nil {
		return fs.ErrNotExist
	}
	d.change(func(names map[string]*inode) { delete(names, name) })
	return nil
}

func (d *CrashDisk) list() ([]string, error) {
	if err := d.do("list", ""); err != nil {
		return nil, err
	}
	return d.Names(), nil
}

func (d *CrashDisk) sync() error {
	if err := d.do("syncdir", ""); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.durable = maps.Clone(d.live)
	d.pending = nil
	for _, node := range d.durable {
		if !bytes.Contains(d.history, node.synced) {
			d.history = append(d.history, node.synced...)
		}
	}
	return nil
}

func (d *CrashDisk) tryLock(name string) (unlock func(), err error) {
	if err := d.do("lock", name); err != nil {
		return nil, errors.Join(ErrLockBroken, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.LockErr != nil {
		return func() {}, d.LockErr
	}
	if d.locked {
		return nil, ErrLocked
	}
	d.locked = true
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.locked = false
	}, nil
}

type crashFile struct {
	disk *CrashDisk
	name string
	node *inode
}

func (f *crashFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.disk.do("write", f.name); err != nil {
		return 0, err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if grown := int(at) + len(p); grown > len(f.node.data) {
		f.node.data = append(f.node.data, make([]byte, grown-len(f.node.data))...)
	}
	f.node.data = slices.Clone(f.node.data)
	return copy(f.node.data[at:], p), nil
}

func (f *crashFile) Truncate(size int64) error {
	if err := f.disk.do("truncate", f.name); err != nil {
		return err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.node.data = slices.Clone(f.node.data[:size])
	return nil
}

func (f *crashFile) Sync() error {
	if err := f.disk.do("sync", f.name); err != nil {
		return err
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.node.synced = slices.Clone(f.node.data)
	return nil
}

func (f *crashFile) Close() error { return f.disk.do("close", f.name) }
